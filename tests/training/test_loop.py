from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from docrerank.training.dev_part import DevScores  # noqa: E402
from docrerank.training.loop import Course, is_better, mix  # noqa: E402


def make_course() -> Course:
    """A start with loss 1.2 and a first measurement, kept, with loss 1."""
    return Course(1, [], [[0, 0.5, 0.8, 1.2], [1, 0.6, 0.9, 1.0]], {"w": torch.zeros(1)}, kept=1)


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        (DevScores(0.5, 0.8, 0.9), True),
        (DevScores(0.6, 0.9, 1.1), False),
        (DevScores(0.49, 0.9, 0.5), False),
        (DevScores(0.9, 0.79, 0.5), False),
    ],
)
def test_weights_are_kept_if_they_lose_less_and_are_nowhere_below_the_start(scores: DevScores, expected: bool) -> None:
    assert is_better(scores, make_course()) is expected


def test_a_lower_loss_alone_is_a_tie_with_the_start() -> None:
    assert make_course().gains
    assert not Course(1, [], [[0, 0.5, 0.8, 1.2], [1, 0.498, 0.8, 1.0]], {"w": torch.zeros(1)}, kept=1).gains


def test_a_course_tells_its_start_and_what_is_delivered() -> None:
    assert (make_course().start.loss, make_course().end.loss) == (1.2, 1.0)


def test_a_mixture_lies_between_the_start_and_the_trained_weights() -> None:
    start, trained = {"w": torch.zeros(2)}, {"w": torch.tensor([1.0, 2.0])}
    assert mix(start, trained, 0.25)["w"].tolist() == [0.25, 0.5]
    assert mix(start, trained, 1.0)["w"].tolist() == [1.0, 2.0]
