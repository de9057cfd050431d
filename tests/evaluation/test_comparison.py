from __future__ import annotations

import pytest

from docrerank.evaluation import SystemResult, choose_baseline, compare, summarise_system
from docrerank.records import UserError
from docrerank.statistics import score_run

EVIDENCE = {"q1": ("Table", "Chart", "Table"), "q2": ("Table",), "q3": ()}


def make_system(name: str, values: list[float], trained: bool = False) -> SystemResult:
    queries = {f"q{number}": value for number, value in enumerate(values, 1)}
    return summarise_system(name, {"NDCG@5": queries, "R@1": queries}, trained=trained)


SYSTEMS = [
    make_system("BM25", [0.25, 0.5, 0.0]),
    make_system("MiniLM", [0.5, 0.5, 0.5]),
    make_system("ours", [1.0, 0.75, 0.5], trained=True),
]


def test_the_best_untrained_system_is_the_baseline() -> None:
    assert choose_baseline(SYSTEMS) == "MiniLM"


def test_only_trained_systems_leave_no_baseline() -> None:
    with pytest.raises(UserError, match="no untrained system"):
        choose_baseline(SYSTEMS[2:])


def test_differences_are_paired_by_query_whatever_their_order() -> None:
    queries = {"q2": 0.75, "q1": 1.0, "q3": 0.5}
    shuffled = summarise_system("shuffled", {"NDCG@5": queries, "R@1": queries}, trained=True)
    comparison = compare([*SYSTEMS, shuffled], "BM25", EVIDENCE)
    assert set(comparison.differences) == {"MiniLM", "ours", "shuffled"}
    for name in ("ours", "shuffled"):
        interval = comparison.differences[name]["NDCG@5"].interval
        assert (interval.value, interval.low, interval.high) == pytest.approx((0.5, 0.25, 0.75))
    assert comparison.differences["ours"]["R@1"].p == comparison.differences["ours"]["NDCG@5"].p > 0.05


def test_the_breakdown_counts_a_query_once_in_each_of_its_kinds() -> None:
    table, chart = compare(SYSTEMS, "BM25", EVIDENCE).breakdown
    assert (table.evidence, table.queries, chart.evidence, chart.queries) == ("Table", 2, "Chart", 1)
    assert table.means["ours"].value == 0.875
    assert chart.means["BM25"].value == 0.25


def test_a_seed_gives_one_comparison() -> None:
    assert compare(SYSTEMS, "BM25", EVIDENCE, seed=5) == compare(SYSTEMS, "BM25", EVIDENCE, seed=5)


@pytest.mark.parametrize(
    ("systems", "baseline"),
    [(SYSTEMS, "absent"), ([SYSTEMS[0], SYSTEMS[0]], "BM25"), ([], "BM25")],
)
def test_clashing_or_absent_names_are_refused(systems: list[SystemResult], baseline: str) -> None:
    with pytest.raises(ValueError, match="must be unique"):
        compare(systems, baseline, EVIDENCE)


def test_systems_measured_on_different_queries_are_refused() -> None:
    with pytest.raises(ValueError, match="over the same queries"):
        compare([SYSTEMS[0], make_system("fewer", [1.0])], "BM25", EVIDENCE)


def test_a_run_goes_all_the_way_from_scores_to_a_difference() -> None:
    qrels = {"q1": {"a/1": 1}, "q2": {"a/2": 1}}
    good = {"q1": {"a/1": 2.0, "a/2": 1.0}, "q2": {"a/1": 1.0, "a/2": 2.0}}
    bad = {"q1": {"a/1": 1.0, "a/2": 2.0}, "q2": {"a/1": 2.0, "a/2": 1.0}}
    systems = [
        summarise_system(name, score_run(run, qrels), trained=name == "good")
        for name, run in (("good", good), ("bad", bad))
    ]
    assert compare(systems, "bad", {}).differences["good"]["MRR@10"].interval.value == 0.5
