"""The losses over a piece of a step: sums that add up over pieces and processes to the loss of the whole step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from docrerank.recipe import require
from docrerank.records import UserError
from docrerank.vision.pairs import Pair

#: What sentence-transformers multiplies probabilities with before it ranks them.
RANKING_SCALE = 10.0
#: Losses of sentence-transformers that take one fixed side, a list and its labels: they see scores, not the model.
BY_NAME = ("ADRMSELoss", "LambdaLoss", "ListMLELoss", "ListNetLoss", "PListMLELoss", "RankNetLoss")


@dataclass(frozen=True, slots=True)
class StepLoss:
    """A loss and how its parts add up.

    Attributes:
        compute: from logits (pairs, 2), true before false, and their pairs to a sum.
        count: what the sum over a step's pairs is divided by.
        whole_groups: whether a group's pairs must stand in one piece.
    """

    compute: Callable[[Tensor, Sequence[Pair]], Tensor]
    count: Callable[[Sequence[Pair]], float]
    whole_groups: bool


def choose_loss(name: str, positive_weight: float = 3.0) -> StepLoss:
    """The loss of this name.

    Args:
        name: `pointwise` (cross-entropy over the two tokens, paper section 3), `listwise` (cross-entropy of a group's
            positive among its pairs), or a loss of sentence-transformers: one of `OF_PAIRS`, `OF_GROUPS`, `BY_NAME`.
        positive_weight: what a positive counts against a negative in `pointwise`.

    Raises:
        UserError: no such loss.
    """
    if name == "pointwise":
        pointwise = _Pointwise(positive_weight)
        return StepLoss(pointwise, lambda pairs: sum(pointwise.weigh(pairs)), False)
    if name == "listwise":
        return StepLoss(_listwise, count_groups, True)
    if name in OF_PAIRS:
        return StepLoss(OF_PAIRS[name], lambda pairs: float(len(pairs)), False)
    if name in OF_GROUPS:
        return StepLoss(OF_GROUPS[name], count_groups, True)
    if name in BY_NAME:
        return StepLoss(_Borrowed(name), count_groups, True)
    known = ("pointwise", "listwise", *OF_PAIRS, *OF_GROUPS, *BY_NAME)
    raise UserError(f"no loss '{name}': vision.loss is one of {', '.join(known)}")


def count_groups(pairs: Sequence[Pair]) -> float:
    """How many groups the pairs are of."""
    return float(len({pair.group for pair in pairs}))


@dataclass(frozen=True, slots=True)
class _Pointwise:
    """Cross-entropy over the true and the false token, positives counted `positive_weight` times."""

    positive_weight: float

    def __call__(self, logits: Tensor, pairs: Sequence[Pair]) -> Tensor:
        targets = torch.tensor([0 if pair.positive else 1 for pair in pairs], device=logits.device)
        losses = F.cross_entropy(logits, targets, reduction="none")
        return (losses * torch.tensor(self.weigh(pairs), device=logits.device)).sum()

    def weigh(self, pairs: Sequence[Pair]) -> list[float]:
        return [self.positive_weight if pair.positive else 1.0 for pair in pairs]


def _listwise(logits: Tensor, pairs: Sequence[Pair]) -> Tensor:
    scores = logits[:, 0] - logits[:, 1]
    losses = [-F.log_softmax(scores[places], 0)[0] for places in _place_groups(pairs)]
    return torch.stack(losses).sum()


def _binary(logits: Tensor, pairs: Sequence[Pair]) -> Tensor:
    return F.binary_cross_entropy_with_logits(logits[:, 0] - logits[:, 1], _label(pairs, logits), reduction="sum")


def _cross(logits: Tensor, pairs: Sequence[Pair]) -> Tensor:
    return F.cross_entropy(logits, 1 - _label(pairs, logits).long(), reduction="sum")


def _squared(logits: Tensor, pairs: Sequence[Pair]) -> Tensor:
    return F.mse_loss(_probability(logits), _label(pairs, logits), reduction="sum")


def _squared_margin(logits: Tensor, pairs: Sequence[Pair]) -> Tensor:
    """Positives are to be 1 above each negative of their group; a group counts once."""
    chances, losses = _probability(logits), [logits.sum() * 0.0]
    for places in _place_groups(pairs):
        if len(places) > 1:
            margins = chances[places[0]] - chances[places[1:]]
            losses.append((margins - 1.0).square().mean())
    return torch.stack(losses).sum()


def _ranking(logits: Tensor, pairs: Sequence[Pair]) -> Tensor:
    """The positive among its own hard negatives; other groups' pages would be pairs that no page shares."""
    scores = RANKING_SCALE * _probability(logits)
    losses = [-F.log_softmax(scores[places], 0)[0] for places in _place_groups(pairs)]
    return torch.stack(losses).sum()


def _probability(logits: Tensor) -> Tensor:
    return torch.sigmoid(logits[:, 0] - logits[:, 1])


def _label(pairs: Sequence[Pair], logits: Tensor) -> Tensor:
    return torch.tensor([float(pair.positive) for pair in pairs], dtype=logits.dtype, device=logits.device)


#: Losses of sentence-transformers as sums over pairs. Labels are 1 and 0, and `MSELoss` compares them with sigmoids.
OF_PAIRS = {"BinaryCrossEntropyLoss": _binary, "CrossEntropyLoss": _cross, "MSELoss": _squared}
#: As sums over groups. The cached form has the same gradients: here pieces bound the memory already.
OF_GROUPS = {
    "MarginMSELoss": _squared_margin,
    "MultipleNegativesRankingLoss": _ranking,
    "CachedMultipleNegativesRankingLoss": _ranking,
}


def _place_groups(pairs: Sequence[Pair]) -> list[list[int]]:
    """Where each group's pairs stand, the positive first."""
    places: dict[int, list[int]] = {}
    for place, pair in enumerate(pairs):
        places.setdefault(pair.group, []).append(place)
    return [sorted(own, key=lambda place: not pairs[place].positive) for own in places.values()]


class _Borrowed:
    """A loss of sentence-transformers, given scores that are computed already.

    Its `model` is asked to preprocess pairs and to score them: here a pair is a number, and its score is looked up.
    The loss is a mean over a piece's groups; pieces count by their groups.
    """

    num_labels = 1

    def __init__(self, name: str) -> None:
        losses = require("sentence_transformers.cross_encoder.losses", extra="train")
        self._scores = torch.zeros(0)
        self.device = self._scores.device
        self._loss: Any = getattr(losses, name)(self)

    def __call__(self, *arguments: Any) -> Any:
        """As the loss: logits and pairs to a sum; as the loss's model: features to scores."""
        if len(arguments) == 1:
            return {"scores": self._scores[arguments[0]["places"]]}
        logits, pairs = arguments
        self._scores, self.device = logits[:, 0] - logits[:, 1], logits.device
        groups = _place_groups(pairs)
        labels = [torch.tensor([1.0] + [0.0] * (len(own) - 1), device=self.device) for own in groups]
        return self._loss([list(range(len(groups))), groups], labels) * len(groups)

    def preprocess(self, pairs: Sequence[tuple[int, int]], **_: Any) -> dict[str, Tensor]:
        """Keep the places of pairs (number of the group, place of the pair)."""
        return {"places": torch.tensor([place for _, place in pairs], device=self.device)}
