"""The losses over groups: a group's positive against its negatives, against other documents, and as yes or no."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from docrerank.recipe import Train
from docrerank.retrieval import Precision, Rarity
from docrerank.training.examples import Example

Pairs = list[tuple[int, int]]


class GroupLoss(nn.Module):
    """Late interaction over a batch of groups, and what it costs.

    The scores of all queries with all pages of the batch are one matrix; every loss below picks its cells from it.

    Args:
        settings: the recipe's section: temperature and weights.
    """

    def __init__(self, settings: Train) -> None:
        super().__init__()
        self.settings = settings
        self.scale = nn.Parameter(torch.tensor(10.0))
        self.bias = nn.Parameter(torch.tensor(-5.5))

    def forward(self, scores: Tensor, examples: Sequence[Example]) -> Tensor:
        """The loss of a batch, a scalar.

        Args:
            scores: (queries, pages) of the batch, both in the order of the examples.
            examples: its groups.
        """
        groups = place_groups(examples)
        loss = compute_listwise(scores, groups, self.settings.temperature)
        if self.settings.in_batch_weight:
            in_batch = compute_in_batch(scores, groups, examples, self.settings.temperature)
            loss = loss + self.settings.in_batch_weight * in_batch
        if self.settings.pointwise_weight:
            logits = scores * self.scale + self.bias
            loss = loss + self.settings.pointwise_weight * compute_pointwise(
                logits, groups, self.settings.positive_weight
            )
        return loss


def place_groups(examples: Sequence[Example]) -> list[Pairs]:
    """Where each group's pairs stand in the score matrix, the positive first; rows are queries, columns pages."""
    groups: list[Pairs] = []
    row = column = 0
    for example in examples:
        rows = range(row, row + len(example.queries))
        columns = range(column, column + len(example.pages))
        groups.append([(query, page) for query in rows for page in columns])
        row, column = rows.stop, columns.stop
    return groups


def compute_listwise(scores: Tensor, groups: Sequence[Pairs], temperature: float) -> Tensor:
    """Cross-entropy of each group's positive among its pairs, be they one query's pages or one page's queries."""
    logits = _pick(scores / temperature, groups)
    return -F.log_softmax(logits, dim=1)[:, 0].mean()


def compute_in_batch(
    scores: Tensor, groups: Sequence[Pairs], examples: Sequence[Example], temperature: float
) -> Tensor:
    """Cross-entropy of each positive page among the positive pages of the batch's other documents.

    Pages of one document repeat each other's facts, so they are no negatives unless they were mined; a page that is
    known to answer a query is none in any document.
    """
    rows = torch.tensor([group[0][0] for group in groups])
    columns = torch.tensor([group[0][1] for group in groups])
    square = scores[rows][:, columns] / temperature
    answers = [
        [one is not other and (one.document == other.document or other.page in one.answered_by) for other in examples]
        for one in examples
    ]
    square = square.masked_fill(torch.tensor(answers), float("-inf"))
    return F.cross_entropy(square, torch.arange(len(groups)))


def compute_pointwise(logits: Tensor, groups: Sequence[Pairs], positive_weight: float) -> Tensor:
    """Weighted mean of the binary cross-entropy of every pair; a positive counts `positive_weight` times (3:1)."""
    pairs = torch.tensor([pair for group in groups for pair in group])
    labels = torch.tensor([float(index == 0) for group in groups for index in range(len(group))])
    weights = torch.where(labels > 0, positive_weight, 1.0)
    losses = F.binary_cross_entropy_with_logits(logits[pairs[:, 0], pairs[:, 1]], labels, reduction="none")
    return (losses * weights).sum() / weights.sum()


def score_batch(
    model: Any, examples: Sequence[Example], precision: Precision = "float32", rarity: Rarity | None = None
) -> Tensor:
    """Late-interaction scores of all queries with all pages of a batch, (queries, pages), with gradients.

    Tokens of queries count by their rarity, all alike if None. Only the transformer works in the lower precision;
    similarities differ too little for it.
    """
    queries = [query for example in examples for query in example.queries]
    windows = [window for example in examples for page in example.pages for window in page]
    unique = list(dict.fromkeys(windows))
    with torch.autocast(model.device.type, torch.bfloat16, enabled=precision == "bfloat16"):
        left, left_mask, ids = embed(model, queries, "query")
        right, right_mask, _ = embed(model, unique, "document")
    similar = torch.einsum("qtd,wsd->qtws", left, right)
    best = similar.masked_fill(~right_mask[None, None], -1.0).amax(dim=3)
    places = {window: index for index, window in enumerate(unique)}
    pages = [[places[window] for window in page] for example in examples for page in example.pages]
    per_page = torch.stack([best[:, :, page].amax(dim=2) for page in pages], dim=2)
    counted = left_mask.float() if rarity is None else left_mask * torch.from_numpy(rarity).to(ids.device)[ids]
    counted = counted[..., None]
    return (per_page * counted).sum(dim=1) / counted.sum(dim=1).clamp(min=1e-9)


def embed(model: Any, texts: list[str], task: str) -> tuple[Tensor, Tensor, Tensor]:
    """Token vectors (texts, tokens, d) in float32, which of them count (texts, tokens), and the tokens' ids."""
    features = {
        key: value.to(model.device) if isinstance(value, Tensor) else value
        for key, value in model.preprocess(texts, task=task).items()
    }
    ids = features["input_ids"]
    features = model(features, task=task)
    return features["token_embeddings"].float(), features["attention_mask"].bool(), ids


def _pick(scores: Tensor, groups: Sequence[Pairs]) -> Tensor:
    """The groups' cells as rows of one length; what a shorter group lacks cannot be chosen."""
    longest = max(len(group) for group in groups)
    cells = torch.tensor([group + [group[0]] * (longest - len(group)) for group in groups])
    absent = torch.tensor([[index >= len(group) for index in range(longest)] for group in groups])
    return scores[cells[..., 0], cells[..., 1]].masked_fill(absent, float("-inf"))
