from __future__ import annotations

import pytest

from docrerank.evaluation.ablation import render_markdown
from docrerank.evaluation.ablation.arms import CONTROL, Arm
from docrerank.evaluation.ablation.compare import Ablation, Measures, compare, read_measures


def make(*ndcg: float, kept: bool = True) -> Measures:
    """Scores of two questions; the start has one half and the first stage one quarter of each."""
    trained = dict(zip("ab", ndcg, strict=True))
    figures = {"trained": trained, "start": dict.fromkeys("ab", 0.5), "no reranker": dict.fromkeys("ab", 0.25)}
    return Measures(figures, {"a": "a", "b": "b"}, kept)


BOTH = Arm("<both>", (), against="mined")
OTHER = Arm("other", (), against="<both>")


@pytest.fixture
def found() -> Ablation:
    measured = {
        CONTROL: [make(0.5, 0.7), make(0.7, 0.9, kept=False)],
        BOTH: [make(1.0, 1.0), make(1.0, 1.0)],
        OTHER: [make(1.0, 1.0), make(1.0, 1.0)],
    }
    return compare(measured, "halls", 4, {"unverified": "no endpoint"}, 0)


def test_a_mean_is_over_questions_and_seeds_and_its_spread_over_seeds(found: Ablation) -> None:
    mined = found.arms[2]
    assert (mined.mean, mined.low, mined.high) == pytest.approx((0.7, 0.6, 0.8))
    assert (mined.seeds, mined.kept) == (2, 1)


def test_differences_are_paired_by_question_with_seeds_averaged(found: Ablation) -> None:
    differences = found.arms[3].differences
    assert list(differences) == ["start", "mined"]
    mined = differences["mined"]
    assert (mined.value, mined.low, mined.high) == pytest.approx((0.3, 0.2, 0.4))
    assert differences["start"].low == differences["start"].high == 0.5


def test_an_arm_is_compared_with_the_one_that_differs_in_one_thing(found: Ablation) -> None:
    assert list(found.arms[4].differences) == ["start", "mined", "<both>"]
    assert found.arms[4].differences["<both>"].value == 0


def test_the_first_stage_and_the_start_are_compared_too(found: Ablation) -> None:
    floor, start = found.arms[:2]
    assert (floor.name, floor.mean, floor.differences["start"].value) == ("no reranker", 0.25, -0.25)
    assert (start.name, start.mean, list(start.differences)) == ("start", 0.5, ["mined"])


def test_the_table_holds_every_arm(found: Ablation) -> None:
    table = render_markdown(found)
    assert "| mined | 0.700 [0.600 0.800] | +0.200 [+0.100 +0.300] |  |  | 1 of 2 |" in table
    assert "| <both>: +0.000 [+0.000 +0.000] | 2 of 2 |" in table
    assert "| no reranker | 0.250 |" in table
    assert "unverified was skipped: no endpoint." in table


def test_an_evaluation_without_a_start_is_compared_with_the_first_stage() -> None:
    systems = {name: {"metrics": {"NDCG@5": value, "R@1": value}} for name, value in (("bm25", 0.5), ("own", 1.0))}
    queries = [{"id": "a", "cluster": "d", "systems": systems}, {"id": "b", "cluster": "d", "systems": systems | {}}]
    queries.append({"id": "c", "cluster": "d", "systems": {"bm25": {}, "own": {}}})  # no page answers it
    content = {"candidates": {"system": "bm25"}, "start": None, "trained": {"system": "own"}, "queries": queries}
    found = read_measures(content, kept=True)
    assert found.ndcg["start"] == found.ndcg["no reranker"] == {"a": 0.5, "b": 0.5}
