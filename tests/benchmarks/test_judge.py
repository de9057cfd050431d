"""The truth that the judge is measured against, and controls that must show its faults."""

from __future__ import annotations

import importlib.util
import sys
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest

SCRIPTS = Path(__file__).parents[2] / "benchmarks"


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"{name}_script", SCRIPTS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


judge, prefix_reuse = load("judge"), load("prefix_reuse")
METRICS = {"net sales": "Revenue", "revenue": "Revenue", "free cash flow": "Free cash flow"}
FIGURES = {3: {("Revenue", "", 2019), ("Revenue", "", 2018), ("Revenue", "nordics", 2019)}}
TRUTH = judge.Truth(FIGURES, {"acme", "acme's"}, METRICS, {"nordics", "africa"})


@pytest.mark.parametrize(
    ("text", "answered"),
    [
        ("What were Acme's net sales in 2019?", True),
        ("Compare revenue in 2018 with 2019.", True),
        ("net sales Nordics 2019", True),
        ("Which had the highest 2019: Nordics?", True),
        ("What were Acme's net sales in 2017?", False),
        ("net sales Nordics 2018", False),
        ("net sales Africa 2019", False),
        ("free cash flow 2019", False),
        ("What were the quarterly net sales in 2019?", None),
        ("What were net sales?", None),
        ("net sales and free cash flow 2019", None),
        ("Who led Acme in 2019?", None),
    ],
)
def test_the_figures_decide_a_query_or_say_that_they_do_not(text: str, answered: bool | None) -> None:
    asked = TRUTH.read(text)
    assert (None if asked is None else TRUTH.answers(3, asked)) is answered


def test_a_judge_that_passes_everything_is_found_out() -> None:
    tally = judge.Tally()
    for truth in (True, True, False, None):
        tally.add("year", truth, False, "a query")
    assert tally.cases["year"] == Counter({(True, False): 2, (False, False): 1})
    assert (tally.undecided["year"], len(tally.errors["year, answered"])) == (1, 2)
    assert judge.tell(2, 3).startswith("2 = 66.7% [")


def test_common_beginnings_and_kept_pages_are_counted() -> None:
    def seen(page: str, end: str, at: float) -> object:
        return prefix_reuse.Seen("m", f"{page}|{end}".encode(), len(page), page, at, at + 0.5)

    calls = [seen("aaaa", "x", 0), seen("bbbb", "x", 1), seen("aaaa", "y", 2), seen("bbbb", "y", 2.1)]
    assert prefix_reuse.count_common(b"aaaa|x", b"aaaa|y") == 5
    assert prefix_reuse.share_common(calls) == 10 / 12
    assert prefix_reuse.share_reusable(calls, answered=True) == 0.5
    assert prefix_reuse.share_kept(calls, 2) == 0.5
    assert prefix_reuse.share_kept(calls, 1) == 0.0  # the control: a server that keeps too little
    assert prefix_reuse.count_between(calls) == [1, 1]
    quick = [seen("aaaa", "x", 0), seen("aaaa", "y", 0.1)]
    assert prefix_reuse.share_reusable(quick, answered=True) == 0.0
    assert prefix_reuse.share_reusable(quick, answered=False) == 0.5
