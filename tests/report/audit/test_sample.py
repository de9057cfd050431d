from __future__ import annotations

import pytest

from docrerank.records import Query, UserError
from docrerank.report.audit.sample import show_sample, take_in_turn
from docrerank.runs import Run


def test_each_kind_is_shown_with_what_a_reader_needs(run: Run) -> None:
    lines = list(show_sample(run, 3, seed=3))
    heads = [line.split(" | ")[0] for line in lines if not line.startswith(" ")]
    assert heads == ["positive 1", "positive 2", "positive 3", *(f"hard_negative {at}" for at in (1, 2, 3, 4)),
                     "rephrased 1", "rephrased 2"]  # fmt: skip
    assert sum("' -> '" in line for line in lines) == 4
    assert all("answer: " in line and "rules/" in line for line in lines[1:6:2])


def test_the_same_seed_shows_the_same_and_another_does_not(run: Run) -> None:
    assert list(show_sample(run, 5, seed=1)) == list(show_sample(run, 5, seed=1))
    assert list(show_sample(run, 5, seed=1)) != list(show_sample(run, 5, seed=2))


def test_documents_take_turns() -> None:
    queries = [Query(f"long/{at}#1", f"long/{at}", f"query {at}", "positive", "question") for at in range(50)]
    queries += [Query("short/1#1", "short/1", "query of the short one", "positive", "question")]
    assert {query.page_id.partition("/")[0] for query in take_in_turn(queries, 2, seed=0)} == {"long", "short"}


def test_a_run_without_queries_is_told(run: Run) -> None:
    for part in run.queries.names():
        run.queries.write(part, [], "x")
    with pytest.raises(UserError, match="no queries yet"):
        list(show_sample(run, 3, seed=3))
