from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from docrerank.evaluation.benchmark import PdfPages, open_corpus, pdf_pages, read_benchmark
from docrerank.runs import Run


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory, make_run: Callable[..., Run], benchmark: Path) -> PdfPages:
    run = make_run(tmp_path_factory.mktemp("sources") / "RUN")
    return PdfPages(open_corpus(run, read_benchmark(benchmark)))


def test_texts_are_at_hand_and_boxes_come_when_a_page_is_asked_for(source: PdfPages) -> None:
    assert list(source.light)[:2] == ["harbor/1", "harbor/2"]
    assert source.light["harbor/2"].boxes.size == 0
    assert source.page("harbor/2").boxes.size > 0
    assert source.page("harbor/2").text == source.text("harbor/2")


def test_few_pages_with_boxes_are_held(source: PdfPages, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf_pages, "HELD", 4)
    for page_id in ("harbor/4", "orchard/1", "harbor/1", "orchard/3"):
        assert source.page(page_id).id == page_id
        assert len(source._held) <= 4
