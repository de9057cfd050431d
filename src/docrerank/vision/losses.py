"""The losses over a piece of a step: sums that add up over pieces and processes to the loss of the whole step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from docrerank.vision.pairs import Pair

Loss = Literal["pointwise", "listwise"]


@dataclass(frozen=True, slots=True)
class StepLoss:
    """A loss and how its parts add up.

    Attributes:
        compute: from logits (pairs, 2), true before false, and their pairs to a sum.
        count: what a step's sum is divided by.
        whole_groups: whether a group's pairs must stand in one piece.
    """

    compute: Callable[[Tensor, Sequence[Pair]], Tensor]
    count: Callable[[Sequence[Pair]], float]
    whole_groups: bool


def choose_loss(name: Loss, positive_weight: float = 3.0) -> StepLoss:
    """The loss of this name.

    Args:
        name: `pointwise` (cross-entropy over the two tokens, paper section 3) or `listwise` (cross-entropy of a
            group's positive among its pairs).
        positive_weight: what a positive counts against a negative in `pointwise`.
    """
    if name == "listwise":
        return StepLoss(_listwise, lambda pairs: float(len({pair.group for pair in pairs})), True)

    def weigh(pairs: Sequence[Pair]) -> list[float]:
        return [positive_weight if pair.positive else 1.0 for pair in pairs]

    def pointwise(logits: Tensor, pairs: Sequence[Pair]) -> Tensor:
        targets = torch.tensor([0 if pair.positive else 1 for pair in pairs], device=logits.device)
        losses = F.cross_entropy(logits, targets, reduction="none")
        return (losses * torch.tensor(weigh(pairs), device=logits.device)).sum()

    return StepLoss(pointwise, lambda pairs: sum(weigh(pairs)), False)


def _listwise(logits: Tensor, pairs: Sequence[Pair]) -> Tensor:
    scores = logits[:, 0] - logits[:, 1]
    places: dict[int, list[int]] = {}
    for place, pair in enumerate(pairs):
        places.setdefault(pair.group, []).append(place)
    first = [sorted(own, key=lambda place: not pairs[place].positive) for own in places.values()]  # the positive
    return torch.stack([-F.log_softmax(scores[own], 0)[0] for own in first]).sum()
