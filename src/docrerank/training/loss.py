"""Losses over groups: positive against negatives, against other documents, as yes or no, and after a teacher."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from docrerank.recipe import Train
from docrerank.reranker import PageCrossEncoder
from docrerank.retrieval import TokenEncoder
from docrerank.training.group_texts import Example

Pairs = list[tuple[int, int]]
#: Logits of a cross-encoder that weigh as much as a cosine of 1: `train.temperature` then means the same for both.
LOGITS = 20.0
#: Softens a teacher's scores, which are brought to 0..1 within a group.
TEACHER_TEMPERATURE = 0.25


class GroupLoss(nn.Module):
    """What the scores of a batch of groups cost.

    Every loss below picks its cells from the matrix of all queries with all pages of the batch.

    Args:
        settings: the recipe's section: temperature and weights.
        cross: scores are a cross-encoder's, of the groups' own pairs alone: there is no loss against other documents.
    """

    def __init__(self, settings: Train, cross: bool = False) -> None:
        super().__init__()
        self.settings, self.in_batch = settings, 0.0 if cross else settings.in_batch_weight
        self.scale = nn.Parameter(torch.tensor(LOGITS if cross else 10.0))
        self.bias = nn.Parameter(torch.tensor(0.0 if cross else -5.5))

    def forward(self, scores: Tensor, examples: Sequence[Example]) -> Tensor:
        """The loss of a batch, a scalar.

        Args:
            scores: (queries, pages) of the batch, both in the order of the examples.
            examples: its groups.
        """
        settings, pairs = self.settings, place_groups(examples)
        groups = [own[: example.judged or None] for own, example in zip(pairs, examples, strict=True)]
        loss = compute_listwise(scores, groups, settings.temperature)
        if self.in_batch:
            loss = loss + self.in_batch * compute_in_batch(scores, groups, examples, settings.temperature)
        if settings.pointwise_weight:
            logits = scores * self.scale + self.bias
            loss = loss + settings.pointwise_weight * compute_pointwise(logits, groups, settings.positive_weight)
        if settings.teacher_weight:
            soft = [example.soft for example in examples]
            loss = loss + settings.teacher_weight * compute_taught(scores, pairs, soft, settings.temperature)
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


def compute_taught(
    scores: Tensor, groups: Sequence[Pairs], soft: Sequence[Sequence[float]], temperature: float
) -> Tensor:
    """Mean divergence (KL) of each group's scores from its teacher's, over the pairs that the teacher has scored."""
    losses = []
    for group, own in zip(groups, soft, strict=True):
        taught = torch.tensor(own, dtype=torch.float32)
        known = torch.isfinite(taught).nonzero()[:, 0].tolist()
        if len(known) < 2 or taught[known].max() == taught[known].min():
            continue
        taught = taught[known]
        target = F.log_softmax((taught - taught.min()) / (taught.max() - taught.min()) / TEACHER_TEMPERATURE, 0)
        rows, columns = torch.tensor([group[place] for place in known]).T
        learned = F.log_softmax(scores[rows, columns] / temperature, 0)
        losses.append(F.kl_div(learned, target, reduction="sum", log_target=True))
    return torch.stack(losses).mean() if losses else scores.sum() * 0


def score_batch(encoder: TokenEncoder, examples: Sequence[Example]) -> Tensor:
    """Late-interaction scores of all queries with all pages of a batch, (queries, pages), with gradients.

    A page is encoded once for all the batch's queries. Only the transformer works in the lower precision;
    similarities differ too little for it.
    """
    queries = [query for example in examples for query in example.queries]
    pages = [page for example in examples for page in example.pages]
    unique = list(dict.fromkeys(pages))
    with torch.autocast(encoder.model.device.type, torch.bfloat16, enabled=encoder.precision == "bfloat16"):
        left, left_mask, _ = encoder.embed(queries, "query")
        right, right_mask, _ = encoder.embed(unique, "document")
    similar = torch.einsum("qtd,wsd->qtws", left, right)
    best = similar.masked_fill(~right_mask[None, None], -1.0).amax(dim=3)
    places = {page: index for index, page in enumerate(unique)}
    per_page = best[:, :, [places[page] for page in pages]]
    counted = left_mask.float()[..., None]
    scores: Tensor = (per_page * counted).sum(dim=1) / counted.sum(dim=1).clamp(min=1e-9)
    return scores


def score_cells(scorer: PageCrossEncoder, examples: Sequence[Example]) -> Tensor:
    """A cross-encoder's scores of the groups' own pairs, in a matrix as `score_batch` gives it; 0 elsewhere."""
    queries = [query for example in examples for query in example.queries]
    pages = [page for example in examples for page in example.pages]
    cells = [cell for group in place_groups(examples) for cell in group]
    logits = scorer.logits([(queries[row], pages[column]) for row, column in cells])
    rows, columns = torch.tensor(cells, device=logits.device).T
    empty = torch.zeros(len(queries), len(pages), device=logits.device)
    return empty.index_put((rows, columns), logits / LOGITS)


def _pick(scores: Tensor, groups: Sequence[Pairs]) -> Tensor:
    """The groups' cells as rows of one length; what a shorter group lacks cannot be chosen."""
    longest = max(len(group) for group in groups)
    cells = torch.tensor([group + [group[0]] * (longest - len(group)) for group in groups])
    absent = torch.tensor([[index >= len(group) for index in range(longest)] for group in groups])
    return scores[cells[..., 0], cells[..., 1]].masked_fill(absent, float("-inf"))
