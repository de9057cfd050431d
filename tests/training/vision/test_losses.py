from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch")
CrossEncoder = pytest.importorskip("sentence_transformers").CrossEncoder

from docrerank.records import TrainingGroup, UserError  # noqa: E402
from docrerank.vision import list_pairs  # noqa: E402
from docrerank.vision.losses import BY_NAME, OF_PAIRS, choose_loss  # noqa: E402

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


class Scorer(CrossEncoder):
    """What a loss of sentence-transformers asks of a model: here a document is the place of its pair's logits."""

    def __init__(self, logits: torch.Tensor, labels: int) -> None:
        torch.nn.Module.__init__(self)
        self.logits, self.labels = logits, labels

    @property
    def num_labels(self) -> int:
        return self.labels

    @property
    def device(self) -> torch.device:
        return torch.device("cpu")

    def preprocess(self, pairs: Any, **_: Any) -> dict[str, Any]:
        return {"places": [pair[1] for pair in pairs]}

    def forward(self, features: dict[str, Any]) -> dict[str, Any]:
        own = self.logits[features["places"]]
        scores = own if self.labels == 2 else (own[:, 0] - own[:, 1])[:, None]
        return {"scores": scores}


@pytest.mark.parametrize("name", OF_PAIRS)
def test_a_loss_over_pairs_is_the_one_of_sentence_transformers(name: str) -> None:
    from sentence_transformers.cross_encoder import losses

    logits = draw_logits()
    positive = torch.tensor([float(pair.positive) for pair in PAIRS])
    labels = 1 - positive.long() if name == "CrossEntropyLoss" else positive
    options = {"activation_fn": torch.nn.Sigmoid()} if name == "MSELoss" else {}
    library = getattr(losses, name)(Scorer(logits, 2 if name == "CrossEntropyLoss" else 1), **options)
    expected = library([["q"] * len(PAIRS), list(range(len(PAIRS)))], labels)
    compare(choose_loss(name), logits, expected)


@pytest.mark.parametrize("name", ["MarginMSELoss", "MultipleNegativesRankingLoss"])
def test_a_loss_over_groups_is_the_one_of_sentence_transformers(name: str) -> None:
    from sentence_transformers.cross_encoder import losses

    logits, total = draw_logits(), torch.zeros(())
    margin = name == "MarginMSELoss"
    options: dict[str, Any] = {"activation_fn": torch.nn.Sigmoid()} if margin else {"num_negatives": 0}
    library = getattr(losses, name)(Scorer(logits, 1), **options)
    for places in ([0, 1, 2], [3, 4]):  # a batch each: groups differ in length
        labels = torch.ones(1, len(places) - 1) if margin else torch.ones(1)
        total = total + library([["q"], *([place] for place in places)], labels)
    compare(choose_loss(name), logits, total / 2)


def test_the_cached_ranking_loss_has_the_gradients_of_the_plain_one() -> None:
    losses = [choose_loss(f"{form}MultipleNegativesRankingLoss") for form in ("", "Cached")]
    logits = draw_logits()
    compare(losses[1], logits, losses[0].compute(logits, PAIRS) / losses[0].count(PAIRS))


def compare(loss: Any, logits: torch.Tensor, expected: torch.Tensor) -> None:
    found = loss.compute(logits, PAIRS) / loss.count(PAIRS)
    assert torch.allclose(found, expected, atol=1e-6)
    gradients = [torch.autograd.grad(value, logits, retain_graph=True)[0] for value in (found, expected)]
    assert torch.allclose(*gradients, atol=1e-6)
    swapped = loss.compute(logits[[1, 0, 2, 3, 4]], PAIRS) / loss.count(PAIRS)
    assert not torch.allclose(swapped, expected, atol=1e-4)


def test_an_unknown_loss_names_the_known_ones() -> None:
    with pytest.raises(UserError, match="pointwise, listwise, BinaryCrossEntropyLoss"):
        choose_loss("TripletLoss")
