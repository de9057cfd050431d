"""Contexts ranked for their questions, and the weights that a fusion tries."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.start.fusion import TOKENS, WINDOWS, try_weights
from benchmarks.start.measure import Part, compare, measure_ndcg
from benchmarks.start.questions import Context

GOOD = np.array([[0.9, 0.1, 0.2], [0.1, 0.9, 0.2], [0.3, 0.1, 0.8]], np.float32)
BAD = 1 - GOOD


@pytest.fixture
def part() -> Part:
    contexts = [Context(name, "ait-qa", name) for name in ("a", "b", "c")]
    return Part("ait-qa", contexts, [("of a", 0), ("of b", 1), ("of c", 2)], [])


def test_the_right_context_first_is_a_score_of_one_and_ties_count_against_it(part: Part) -> None:
    assert measure_ndcg(GOOD, part).tolist() == [1, 1, 1]
    assert measure_ndcg(np.zeros_like(GOOD), part).tolist() == [0.5, 0.5, 0.5]


def test_systems_are_held_against_the_first_one(part: Part) -> None:
    rows = list(compare(part, {"one": BAD, "other": GOOD}))
    assert "+0.000" in rows[0]
    assert rows[1] == "| ait-qa | other | 1.000 [1.000 1.000] | +0.500 [+0.500 +0.500] |"


def test_of_a_fusions_weights_those_come_first_that_trust_the_right_view(part: Part) -> None:
    found = list(try_weights([part], [(BAD, BAD, GOOD)]))
    assert len(found) == len(WINDOWS) * len(TOKENS)
    assert found[0][0] == 1.0
    assert found[0][1].tokens > found[0][1].windows
    assert found[-1][0] < 1.0
