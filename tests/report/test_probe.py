from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from docrerank.evaluation.probe import Probed, find_cases
from docrerank.evaluation.statistics import Interval
from docrerank.report import describe_probe, write_probe
from docrerank.runs import Run


@pytest.fixture
def written(tmp_path: Path, hostile: str, fill_run: Callable[[Path, str], Run]) -> tuple[dict[str, object], str]:
    run = fill_run(tmp_path, hostile)
    found = find_cases(run, ["somewhere"])
    interval = Interval(0.5, 0.25, 0.75)
    breakdowns = {name: {"year": (len(found.cases), interval)} for name in ("property", "writer", "form")}
    probed = [Probed(hostile, np.full(len(found.cases), -1.0), interval, breakdowns)]
    content = describe_probe(found, probed, seed=1)
    return content, write_probe(tmp_path / "probe.html", run, found, probed, content).read_text("utf-8")


def test_hostile_words_of_documents_and_models_stay_words(written: tuple[dict[str, object], str]) -> None:
    _, page = written
    assert "<script" not in page
    assert "<img src=x" not in page
    assert "&lt;script&gt;" in page
    assert "default-src 'none'" in page


def test_the_worst_cases_stand_with_their_page(written: tuple[dict[str, object], str]) -> None:
    content, page = written
    assert content["cases"] == 2
    assert page.count('<article class="example"') == 2
    assert 'src="data:image' in page
