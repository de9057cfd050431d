"""Rows of one page and several queries: who sees whom, where a token stands, where scores are read.

Plain tensors and a mask, nothing cached: gradient checkpointing, adapters and data parallelism work as ever.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from docrerank.vision.backbone import PageTokens, core_of, feed_pages, locate, read_logits

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


def packed_logits(
    model: Any,
    head: Tensor,
    pages: Sequence[PageTokens],
    queries: Sequence[Sequence[Sequence[int]]],
) -> Tensor:
    """Differentiable logits of every page's queries, exactly those of separate (query, page) sequences.

    Args:
        model: a transformers model or an adapter around one.
        head: (2, width), the head's two rows: `cut_head` keeps them attached to their parameter.
        pages: one row each.
        queries: for each page, its queries' token ids; at least one each.

    Returns:
        float32 (float64 for such a model) of shape (all queries, 2): page by page, true before false.

    Examples:
        >>> logits = packed_logits(model, head, [page], [[[1, 2], [3, 4, 5]]])  # doctest: +SKIP
        >>> loss = torch.nn.functional.cross_entropy(logits, labels)  # doctest: +SKIP
    """
    core = core_of(model)
    located = [locate(core, page) for page in pages]
    starts = [int(positions.max()) + 1 for positions in located]
    # The page is its row's first segment; its positions and number are put right afterwards.
    rows = [[page.ids.tolist(), *of_page] for page, of_page in zip(pages, queries, strict=True)]
    layout = lay_out(rows, starts)
    positions = _place(layout.positions.clone(), layout.segments, located)
    segments = torch.where(layout.segments == PADDING, PADDING, layout.segments - 1 + PAGE)
    hidden = core(
        input_ids=layout.ids.to(core.device),
        attention_mask=fit_mask(segments.to(core.device), core),
        position_ids=positions.to(core.device),
        use_cache=False,
        **feed_pages(core, pages),
    ).last_hidden_state
    ends = layout.ends[_is_query(queries)]
    return read_logits(head, hidden[ends[:, 0], ends[:, 1]])


def _place(positions: Tensor, segments: Tensor, located: Sequence[Tensor]) -> Tensor:
    """Give the pages their own positions; every query already begins at its row's start."""
    for row, page in enumerate(located):
        positions[:, row, segments[row] == 1] = page
    return positions


def _is_query(queries: Sequence[Sequence[Sequence[int]]]) -> Tensor:
    """Which of a layout's segments are queries: all but the first of each row."""
    return torch.tensor([number > 0 for of_page in queries for number in range(len(of_page) + 1)])
