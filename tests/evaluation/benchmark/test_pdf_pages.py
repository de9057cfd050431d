from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from docrerank.evaluation.benchmark import Benchmark, BenchmarkQuery, PdfPages, pdf_pages, read_benchmark
from docrerank.evaluation.benchmark.pdf_pages import leave_out_missing, open_corpus
from docrerank.records import UserError
from docrerank.runs import Run


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory, make_run: Callable[..., Run], benchmark: Path) -> PdfPages:
    run = make_run(tmp_path_factory.mktemp("sources") / "RUN")
    return open_corpus(run, read_benchmark(benchmark))


def test_texts_are_at_hand_and_boxes_come_when_a_page_is_asked_for(source: PdfPages) -> None:
    assert list(source.light)[:2] == ["harbor/1", "harbor/2"]
    assert source.light["harbor/2"].boxes.size == 0
    assert source.page("harbor/2").boxes.size > 0
    assert source.page("harbor/2").text == source.text("harbor/2")


def test_few_pages_with_boxes_are_held(source: PdfPages, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf_pages, "HELD", 1)
    fresh = PdfPages(source.parts, source.own)
    for page_id in ("harbor/4", "orchard/1", "harbor/1", "orchard/3"):
        assert fresh.page(page_id).id == page_id
    assert fresh._open.cache_info().currsize == 1


PAGES = ["a/1", "a/2", "a/10", "b/c/1"]


def make_benchmark(*pages: str, document: str | None = None) -> Benchmark:
    qrels = {"q": dict.fromkeys(pages, 1)}
    lines = {"q": {page: number for number, page in enumerate(pages, 2)}}
    return Benchmark(Path("bench"), (BenchmarkQuery("q", "Net sales?", document=document, line=7),), qrels, lines)


def test_pages_that_were_read_pass() -> None:
    benchmark = make_benchmark("a/10", "b/c/1", document="a")
    assert leave_out_missing(benchmark, PAGES) == (benchmark, [])


def test_a_page_beyond_the_end_is_named_with_its_line_and_stays_judged() -> None:
    asked, rejected = leave_out_missing(make_benchmark("a/1", "a/11"), PAGES)
    assert asked.qrels == {"q": {"a/1": 1, "a/11": 1}}
    assert [(row.subject, row.reason) for row in rejected] == [("a/11", "no such page")]
    assert rejected[0].detail.startswith("line 3 of qrels/test.tsv: the last page read of 'a' is 10")


@pytest.mark.parametrize(
    ("page", "cause"),
    [
        ("a.pdf/1", "no page of 'a.pdf' was read: a page id is '<PDF name without .pdf>/<page from 1>'"),
        ("a/0", "page numbers start at 1: add 1"),
        ("a", "no page of 'a' was read"),
        ("a/3", "the last page read of 'a' is 10"),
    ],
)
def test_a_missing_page_comes_with_a_likely_cause(page: str, cause: str) -> None:
    assert cause in leave_out_missing(make_benchmark("a/1", page), PAGES)[1][0].detail


def test_a_question_of_a_document_that_was_not_read_is_left_out_with_its_line() -> None:
    whole = make_benchmark("a/1")
    other = BenchmarkQuery("z", "Costs?", document="z", line=8)
    benchmark = Benchmark(whole.path, (*whole.queries, other), {**whole.qrels, "z": {"z/1": 1}})
    asked, rejected = leave_out_missing(benchmark, PAGES)
    assert [query.id for query in asked.queries] == ["q"]
    assert set(asked.qrels) == {"q"}
    assert rejected[0].detail.startswith("line 8 of queries.jsonl: 'z'")


def test_a_benchmark_of_other_documents_is_an_error() -> None:
    with pytest.raises(UserError, match=r"no relevant page of bench is among the pages read \(x/1: "):
        leave_out_missing(make_benchmark("x/1", "x/2"), PAGES)
