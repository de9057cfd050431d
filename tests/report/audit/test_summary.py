"""Rates, their intervals, agreement, and the sample."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docrerank.records import UserError
from docrerank.report.audit import AuditSummary, Rate, draw_sample, fleiss_kappa, read_summary
from docrerank.runs import Run


@pytest.mark.parametrize(
    ("cases", "of", "low", "high"),
    [(0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (8, 100, 0.0411, 0.1500), (0, 0, 0, 1)],
)
def test_wilson_intervals_are_those_of_the_tables(cases: int, of: int, low: float, high: float) -> None:
    rate = Rate.of_cases(cases, of)
    assert (rate.low, rate.high) == (pytest.approx(low, abs=5e-4), pytest.approx(high, abs=5e-4))


@given(st.integers(0, 500).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_an_interval_holds_its_share(numbers: tuple[int, int]) -> None:
    rate = Rate.of_cases(*numbers)
    assert 0 <= rate.low <= rate.share <= rate.high <= 1


def test_kappa_is_that_of_two_raters_by_hand() -> None:
    votes = [(2, 0)] * 4 + [(0, 2)] * 4 + [(1, 1)] * 2
    assert fleiss_kappa(votes) == pytest.approx(0.6)
    assert fleiss_kappa([]) is None
    assert fleiss_kappa([(2, 0), (3, 0)]) == 1.0


def test_a_summary_is_read_back_and_a_damaged_one_is_told(tmp_path: Path) -> None:
    summary = AuditSummary(
        3, ("a", "b"), 9, 1, Rate.of_cases(1, 6), Rate.of_cases(0, 3), {"year": Rate.of_cases(1, 2)}, 0.5
    )
    assert read_summary(tmp_path) is None
    summary.write(tmp_path)
    assert read_summary(tmp_path) == summary
    (tmp_path / "audit.json").write_text("{}")
    with pytest.raises(UserError, match="cannot be read"):
        read_summary(tmp_path)


def test_a_sample_is_the_same_every_time_and_mixed(run: Run) -> None:
    first, again, other = draw_sample(run, 20, 13), draw_sample(run, 20, 13), draw_sample(run, 20, 14)
    assert first == again
    assert first != other
    kinds = [item.query.kind == "hard_negative" for item in first]
    assert sum(kinds) == 13
    assert kinds not in (sorted(kinds), sorted(kinds, reverse=True))
    smaller = {item.id for item in draw_sample(run, 10, 13)}
    assert smaller <= {item.id for item in first}


def test_a_run_without_queries_is_told(tmp_path: Path) -> None:
    from docrerank.recipe import load_recipe

    with pytest.raises(UserError, match="no queries yet"):
        draw_sample(Run.create(tmp_path / "empty", load_recipe("cpu")), 10, 13)
