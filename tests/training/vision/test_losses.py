from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from docrerank.records import TrainingGroup  # noqa: E402
from docrerank.vision.losses import Loss, choose_loss  # noqa: E402
from docrerank.vision.pairs import list_pairs  # noqa: E402

GROUPS = [
    TrainingGroup("mined", ("a?",), ("x/1", "x/2", "x/3")),
    TrainingGroup("generated", ("b?", "c?"), ("x/2",)),
]
PAIRS = list_pairs(GROUPS)


def draw_logits() -> torch.Tensor:
    return torch.randn(len(PAIRS), 2, generator=torch.Generator().manual_seed(5), requires_grad=True)


def test_pointwise_is_the_weighted_cross_entropy_over_the_two_tokens() -> None:
    logits, loss = draw_logits(), choose_loss("pointwise", 3.0)
    labels = torch.tensor([0, 1, 1, 0, 1])
    expected = torch.nn.functional.cross_entropy(logits, labels, weight=torch.tensor([3.0, 1.0]))
    assert loss.count(PAIRS) == 9.0
    assert torch.allclose(loss.compute(logits, PAIRS) / loss.count(PAIRS), expected)


def test_listwise_is_the_cross_entropy_of_the_positive_in_its_group() -> None:
    logits, loss = draw_logits(), choose_loss("listwise")
    scores = logits[:, 0] - logits[:, 1]
    first = torch.logsumexp(scores[:3], 0) - scores[0]
    second = torch.logsumexp(scores[3:], 0) - scores[3]
    assert torch.allclose(loss.compute(logits, PAIRS), first + second)
    shuffled = [4, 2, 0, 3, 1]
    again = loss.compute(logits[shuffled], [PAIRS[place] for place in shuffled])
    assert torch.allclose(again, first + second)


@pytest.mark.parametrize("name", ["pointwise", "listwise"])
def test_pieces_add_up_to_the_step(name: Loss) -> None:
    logits, loss = draw_logits(), choose_loss(name)
    parts = loss.compute(logits[:3], PAIRS[:3]) + loss.compute(logits[3:], PAIRS[3:])
    assert torch.allclose(parts, loss.compute(logits, PAIRS))
