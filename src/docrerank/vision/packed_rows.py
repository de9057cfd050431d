"""Rows of one page prefix and several queries: who sees whom, where a token stands, where scores are read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

#: Segment of padding and of the page; queries count from 1.
PADDING, PAGE = -1, 0


@dataclass(frozen=True, slots=True)
class Rows:
    """A batch of rows of queries.

    Attributes:
        ids: (rows, width), token ids; 0 where padded.
        positions: (3, rows, width), M-RoPE positions: text moves all three axes together.
        segments: (rows, width), `PADDING`, or the number of the query in its row from 1.
        ends: (queries, 2), row and column of each query's last token, in the order given.
    """

    ids: Tensor
    positions: Tensor
    segments: Tensor
    ends: Tensor


def lay_out(rows: Sequence[Sequence[Sequence[int]]], starts: Sequence[int]) -> Rows:
    """Put each row's queries one after the other; every query's positions begin again at its row's start.

    Args:
        rows: for each row, its queries' token ids.
        starts: for each row, the first position behind its page.
    """
    width = max(sum(len(ids) for ids in queries) for queries in rows)
    ids = torch.zeros(len(rows), width, dtype=torch.long)
    positions, segments = torch.zeros_like(ids), torch.full_like(ids, PADDING)
    ends = []
    for row, queries in enumerate(rows):
        column = 0
        for number, query in enumerate(queries, 1):
            span = slice(column, column + len(query))
            ids[row, span] = torch.tensor(query)
            positions[row, span] = torch.arange(starts[row], starts[row] + len(query))
            segments[row, span] = number
            column += len(query)
            ends.append((row, column - 1))
    return Rows(ids, positions.expand(3, *positions.shape), segments, torch.tensor(ends))


def build_mask(keys: Tensor, first: int = 0) -> Tensor:
    """Which token sees which: a query sees its page and itself, a page sees itself, nothing looks ahead.

    Args:
        keys: (rows, length), the segment of every token of a row.
        first: tokens before this are only looked at (their keys and values are stored).

    Returns:
        bool of shape (rows, 1, length - first, length). Padding sees itself alone, so that no row is empty.
    """
    order = torch.arange(keys.shape[1], device=keys.device)
    own, other = keys[:, first:, None], keys[:, None, :]
    query, key = order[first:, None], order[None, :]
    seen = ((other == PAGE) | (other == own)) & (key <= query) & (own != PADDING)
    return (seen | (key == query))[:, None]


def fit_mask(keys: Tensor, model: torch.nn.Module, first: int = 0) -> Tensor:
    """The mask of `build_mask` as the model's attention takes it: SDPA a boolean one, eager attention a sum.

    transformers has no public way to ask which attention a model takes; the name is read here alone.

    Raises:
        ValueError: the attention in use takes no such mask.
    """
    kind = model.config.get_text_config()._attn_implementation  # type: ignore[operator, union-attr]
    if kind not in ("sdpa", "eager"):
        raise ValueError(f"shared prefixes need attn_implementation='sdpa', not '{kind}'")
    mask = build_mask(keys, first)
    if kind == "sdpa":
        return mask
    dtype = next(model.parameters()).dtype
    return torch.zeros_like(mask, dtype=dtype).masked_fill(~mask, torch.finfo(dtype).min)
