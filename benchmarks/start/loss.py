"""The loss of a step: each question's context among the batch's, and each context's question among the batch's."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from docrerank.retrieval import TokenEncoder
from docrerank.training.group_texts import Example

TEMPERATURE = 0.03
#: Of the second part: a page is fixed and queries compete for it, as the paper's hard negative queries do.
QUERY_WEIGHT = 0.3


def compute_loss(scores: Tensor, examples: Sequence[Example], answerable: Sequence[int]) -> Tensor:
    """Cross-entropy over contexts, and over queries with a context's own unanswerable questions among them.

    Args:
        scores: (queries, contexts) of a batch, in the order of the examples.
        examples: one a context.
        answerable: how many of each example's queries, its first ones, the context answers.
    """
    owner = torch.tensor([place for place, example in enumerate(examples) for _ in example.queries])
    counts = zip(examples, answerable, strict=True)
    right = torch.tensor([row < count for example, count in counts for row in range(len(example.queries))])
    logits = scores / TEMPERATURE
    pages = F.cross_entropy(logits[right], owner[right])
    return pages + QUERY_WEIGHT * _compare_queries(logits, owner, right)


def _compare_queries(logits: Tensor, owner: Tensor, right: Tensor) -> Tensor:
    """Each answerable question against all of the batch that its context does not answer, the context fixed.

    What another context leaves unanswered may be answered by this one, so it takes no part.
    """
    rows = right.nonzero().squeeze(1)
    columns = logits[:, owner[rows]].T
    other = owner[None] != owner[rows][:, None]
    wrong = torch.where(other, right[None], ~right[None])
    own = logits[rows, owner[rows]][:, None]
    compared = torch.cat([own, columns.masked_fill(~wrong, float("-inf"))], dim=1)
    return -F.log_softmax(compared, dim=1)[:, 0].mean()


def score_contexts(encoder: TokenEncoder, examples: Sequence[Example]) -> Tensor:
    """Late-interaction scores of all questions with all contexts, (questions, contexts): the best match of a token
    in any of a context's windows counts."""
    queries = [query for example in examples for query in example.queries]
    contexts = [windows for example in examples for windows in example.pages]
    unique = list(dict.fromkeys(window for windows in contexts for window in windows))
    with torch.autocast(encoder.model.device.type, torch.bfloat16, enabled=encoder.precision == "bfloat16"):
        left, left_mask, _ = encoder.embed(queries, "query")
        right, right_mask, _ = encoder.embed(unique, "document")
    best = torch.einsum("qtd,wsd->qtws", left, right).masked_fill(~right_mask[None, None], -1.0).amax(dim=3)
    places = {window: index for index, window in enumerate(unique)}
    scores = torch.stack([best[:, :, [places[window] for window in own]].amax(dim=2) for own in contexts], dim=2)
    counted = left_mask.float()[..., None]
    return (scores * counted).sum(dim=1) / counted.sum(dim=1).clamp(min=1e-9)
