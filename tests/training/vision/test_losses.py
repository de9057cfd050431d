from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from docrerank.records import TrainingGroup, UserError  # noqa: E402
from docrerank.training.vision import list_pairs  # noqa: E402
from docrerank.training.vision.losses import BY_NAME, choose_loss  # noqa: E402

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
def test_pieces_add_up_to_the_step(name: str) -> None:
    logits, loss = draw_logits(), choose_loss(name)
    parts = loss.compute(logits[:3], PAIRS[:3]) + loss.compute(logits[3:], PAIRS[3:])
    assert torch.allclose(parts, loss.compute(logits, PAIRS))


@pytest.mark.parametrize("name", BY_NAME)
def test_a_loss_of_sentence_transformers_falls_when_the_positive_rises(name: str) -> None:
    worse, better, loss = draw_logits().detach(), draw_logits().detach(), choose_loss(name)
    worse[[0, 3], 0] -= 5
    better[[0, 3], 0] += 2
    worse.requires_grad_()
    value = loss.compute(worse, PAIRS)
    value.backward()
    assert worse.grad is not None
    assert float(worse.grad[0, 0]) < 0 < float(worse.grad[0, 1])
    assert float(loss.compute(better, PAIRS)) < float(value.detach())


def test_a_borrowed_loss_is_what_its_formula_says() -> None:
    """ListNet: cross-entropy between the softmax of a group's labels and that of its scores."""
    logits = draw_logits().detach()
    scores = logits[:, 0] - logits[:, 1]
    expected = 0.0
    for places in ([0, 1, 2], [3, 4]):
        labels = torch.tensor([1.0] + [0.0] * (len(places) - 1))
        expected -= float((labels.softmax(0) * scores[places].log_softmax(0)).sum())
    assert float(choose_loss("ListNetLoss").compute(logits, PAIRS)) == pytest.approx(expected, abs=1e-5)


def test_an_unknown_loss_names_the_known_ones() -> None:
    with pytest.raises(UserError, match="pointwise, listwise, ADRMSELoss"):
        choose_loss("TripletLoss")
