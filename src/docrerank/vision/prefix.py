"""A page's prefix as keys and values: computed once, then any number of queries are scored against it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache

from docrerank.records import UserError
from docrerank.vision.backbone import PageTokens, core_of, feed_pages, is_checkpointed, locate, read_logits
from docrerank.vision.layout import PADDING, PAGE, Side, fit_mask, lay_out, pad

#: Queries in one row behind one page: more would spend their time on attention that the mask throws away.
QUERIES_PER_ROW = 8


@dataclass(frozen=True, slots=True)
class PagePrefix:
    """What the language model keeps of a page.

    Attributes:
        keys: (layers, heads, tokens, width), rotated to the page's positions.
        values: as `keys`.
        next_position: where every query begins.
    """

    keys: Tensor
    values: Tensor
    next_position: int

    @property
    def tokens(self) -> int:
        """Length of the prefix, visual tokens and prompt."""
        return int(self.keys.shape[2])

    @property
    def nbytes(self) -> int:
        """Bytes of memory."""
        return self.keys.nbytes + self.values.nbytes


def count_prefix_bytes(model: Any, tokens: int) -> int:
    """Bytes of keys and values of this many tokens, as the model computes them."""
    core = core_of(model)
    config = core.config.get_text_config()
    width = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    return int(2 * tokens * config.num_hidden_layers * config.num_key_value_heads * width * core.dtype.itemsize)


def encode_pages(model: Any, pages: Sequence[PageTokens], side: Side = "left") -> list[PagePrefix]:
    """Run pages through the vision tower and the text layers, once each.

    Gradients flow through the result if they are enabled.

    Raises:
        UserError: gradient checkpointing is on, which would leave the prefixes empty.
    """
    if is_checkpointed(model):
        raise UserError("gradient checkpointing drops the page's keys and values: train on packed rows instead")
    core, cache = core_of(model), DynamicCache()
    width = max(len(page.ids) for page in pages)
    positions = [locate(core, page) for page in pages]
    mask = pad([torch.ones_like(page.ids) for page in pages], width, 0, side)
    core(
        input_ids=pad([page.ids for page in pages], width, 0, side).to(core.device),
        attention_mask=mask.to(core.device),
        position_ids=torch.stack([pad(list(axes), width, 0, side) for axes in zip(*positions, strict=True)]).to(
            core.device
        ),
        past_key_values=cache,
        use_cache=True,
        **feed_pages(core, pages),
    )
    return [_take(cache, row, mask[row], positions[row]) for row in range(len(pages))]


def score_queries(
    model: Any,
    head: Tensor,
    prefixes: Sequence[PagePrefix],
    queries: Sequence[Sequence[Sequence[int]]],
    per_row: int = QUERIES_PER_ROW,
    side: Side = "left",
) -> Tensor:
    """Logits of queries against their pages' prefixes.

    Args:
        head: (2, width), see `cut_head`.
        prefixes: one for each page.
        queries: for each page, its queries' token ids.
        per_row: queries that share a row (and the page's keys and values); 1 gives every query its own row.
        side: where shorter prefixes are padded; the score does not depend on it.

    Returns:
        float32 (float64 for such a model) of shape (all queries, 2): page by page, true before false.
    """
    pages, rows = _split_rows(queries, per_row)
    layout = lay_out(rows, [prefixes[page].next_position for page in pages])
    core, width = core_of(model), max(prefix.tokens for prefix in prefixes)
    segments = torch.cat([_page_segments([prefixes[page] for page in pages], width, side), layout.segments], dim=1)
    hidden = core(
        input_ids=layout.ids.to(core.device),
        attention_mask=fit_mask(segments.to(core.device), core, width),
        position_ids=layout.positions.to(core.device),
        past_key_values=_fill(prefixes, pages, width, side, core),
        use_cache=True,
    ).last_hidden_state
    return read_logits(head, hidden[layout.ends[:, 0], layout.ends[:, 1]])


def _split_rows(
    queries: Sequence[Sequence[Sequence[int]]], per_row: int
) -> tuple[list[int], list[Sequence[Sequence[int]]]]:
    """Rows of at most `per_row` queries, and the page of each row."""
    pages: list[int] = []
    rows: list[Sequence[Sequence[int]]] = []
    for page, of_page in enumerate(queries):
        for start in range(0, len(of_page), per_row):
            pages.append(page)
            rows.append(of_page[start : start + per_row])
    return pages, rows


def _page_segments(prefixes: Sequence[PagePrefix], width: int, side: Side) -> Tensor:
    return pad([torch.full((prefix.tokens,), PAGE) for prefix in prefixes], width, PADDING, side)


def _fill(prefixes: Sequence[PagePrefix], pages: Sequence[int], width: int, side: Side, core: Any) -> Any:
    """A transformers cache that holds one prefix in each row."""
    cache = DynamicCache()
    keys = _stack([prefixes[page].keys for page in pages], width, side).to(core.device, core.dtype)
    values = _stack([prefixes[page].values for page in pages], width, side).to(core.device, core.dtype)
    for layer, (key, value) in enumerate(zip(keys, values, strict=True)):
        cache.update(key, value, layer)
    return cache


def _stack(tensors: Sequence[Tensor], width: int, side: Side) -> Tensor:
    """(layers, heads, tokens, width) tensors of different length to (layers, rows, heads, width, ...)."""
    padded = []
    for tensor in tensors:
        missing = width - tensor.shape[2]
        sides = (0, 0, missing, 0) if side == "left" else (0, 0, 0, missing)
        padded.append(torch.nn.functional.pad(tensor, sides) if missing else tensor)
    return torch.stack(padded, dim=1)


def _take(cache: Any, row: int, mask: Tensor, positions: Tensor) -> PagePrefix:
    """One row of a filled cache without its padding."""
    first = int(mask.argmax())
    last = first + int(mask.sum())
    keys = torch.stack([layer.keys[row, :, first:last] for layer in cache.layers])
    values = torch.stack([layer.values[row, :, first:last] for layer in cache.layers])
    return PagePrefix(keys, values, int(positions.max()) + 1)
