"""Packed rows for training: one row holds a page and its queries, so one forward and backward serves them all.

Plain tensors and a mask, nothing cached: gradient checkpointing, adapters and data parallelism work as ever.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from docrerank.vision.backbone import PageTokens, core_of, feed_pages, locate, read_logits
from docrerank.vision.packed_rows import PADDING, PAGE, fit_mask, lay_out


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
