"""A page's prefix as keys and values: computed once, then any number of queries are scored against it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from transformers import DynamicCache

from docrerank.records import UserError
from docrerank.vision.backbone import PageTokens, core_of, feed_pages, is_checkpointed, locate, read_logits
from docrerank.vision.packed_rows import PADDING, PAGE, fit_mask, lay_out


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


def encode_pages(model: Any, pages: Sequence[PageTokens]) -> list[PagePrefix]:
    """Run pages through the vision tower and the text layers, once each.

    Gradients flow through the result if they are enabled.

    Raises:
        UserError: gradient checkpointing is on, which would leave the prefixes empty.
    """
    if is_checkpointed(model):
        raise UserError("gradient checkpointing drops the page's keys and values: train on packed rows instead")
    core, cache = core_of(model), DynamicCache()
    positions = [locate(core, page) for page in pages]
    core(
        input_ids=pad_sequence([page.ids for page in pages], True).to(core.device),
        attention_mask=pad_sequence([torch.ones_like(page.ids) for page in pages], True).to(core.device),
        position_ids=torch.stack([pad_sequence(list(axes), True) for axes in zip(*positions, strict=True)]).to(
            core.device
        ),
        past_key_values=cache,
        use_cache=True,
        **feed_pages(core, pages),
    )
    return [_take(cache, row, found) for row, found in enumerate(positions)]


def score_queries(
    model: Any, head: Tensor, prefixes: Sequence[PagePrefix], queries: Sequence[Sequence[Sequence[int]]]
) -> Tensor:
    """Logits of queries against their pages' prefixes.

    Args:
        model: a transformers model or an adapter around one.
        head: (2, width), see `cut_head`.
        prefixes: one for each row; a page with many queries may have several rows.
        queries: for each row, its queries' token ids.

    Returns:
        float32 (float64 for such a model) of shape (all queries, 2): row by row, true before false.
    """
    layout = lay_out(queries, [prefix.next_position for prefix in prefixes])
    core, width = core_of(model), max(prefix.tokens for prefix in prefixes)
    own = pad_sequence([torch.full((prefix.tokens,), PAGE) for prefix in prefixes], True, PADDING)
    hidden = core(
        input_ids=layout.ids.to(core.device),
        attention_mask=fit_mask(torch.cat([own, layout.segments], dim=1).to(core.device), core, width),
        position_ids=layout.positions.to(core.device),
        past_key_values=_fill(prefixes, width, core),
        use_cache=True,
    ).last_hidden_state
    return read_logits(head, hidden[layout.ends[:, 0], layout.ends[:, 1]])


def _fill(prefixes: Sequence[PagePrefix], width: int, core: Any) -> Any:
    """A transformers cache that holds one prefix in each row."""
    cache = DynamicCache()
    keys = _stack([prefix.keys for prefix in prefixes], width).to(core.device, core.dtype)
    values = _stack([prefix.values for prefix in prefixes], width).to(core.device, core.dtype)
    for layer, (key, value) in enumerate(zip(keys, values, strict=True)):
        cache.update(key, value, layer)
    return cache


def _stack(tensors: Sequence[Tensor], width: int) -> Tensor:
    """(layers, heads, tokens, width) tensors of different length to (layers, rows, heads, width, ...)."""
    padded = [torch.nn.functional.pad(tensor, (0, 0, 0, width - tensor.shape[2])) for tensor in tensors]
    return torch.stack(padded, dim=1)


def _take(cache: Any, row: int, positions: Tensor) -> PagePrefix:
    """One row of a filled cache without its padding."""
    length = positions.shape[1]
    keys = torch.stack([layer.keys[row, :, :length] for layer in cache.layers])
    values = torch.stack([layer.values[row, :, :length] for layer in cache.layers])
    return PagePrefix(keys, values, int(positions.max()) + 1)
