"""FlexAttention for shared prefixes: blocks of a row that no token sees are never computed.

Its own entry among transformers' attention functions, since transformers does not offer FlexAttention for Qwen2-VL.
"""

from __future__ import annotations

import functools
from typing import Any

from torch import Tensor

from docrerank.recipe.extras import require

#: The name under which transformers knows it.
FLEX = "docrerank_flex"


def use_flex(model: Any) -> None:
    """Let the text layers of a model attend by FlexAttention; the vision tower keeps its own.

    Args:
        model: a transformers model, not an adapter around one.
    """
    transformers = require("transformers", extra="train")
    transformers.AttentionInterface.register(FLEX, attend)
    model.set_attn_implementation({"text_config": FLEX})


def name_attention(model: Any) -> str:
    """Which attention the text layers of a model take, as transformers names it.

    transformers has a public way to set it (`set_attn_implementation`) and none to ask: the name is read here alone.
    """
    return str(model.config.get_text_config()._attn_implementation)


def attend(
    module: Any, query: Tensor, key: Tensor, value: Tensor, attention_mask: Any, scaling: float, **rest: Any
) -> tuple[Tensor, None]:
    """Attention of (rows, heads, tokens, width) tensors under a block mask; (rows, tokens, heads, width)."""
    found = _function(query.is_cuda)(
        query, key, value, block_mask=attention_mask, scale=scaling, enable_gqa=query.shape[1] != key.shape[1]
    )
    return found.transpose(1, 2).contiguous(), None


@functools.cache
def _function(compiled: bool) -> Any:
    """Compiled where that pays; plain it is the same sum, for tests."""
    import torch
    from torch.nn.attention.flex_attention import flex_attention

    function: Any = torch.compile(flex_attention) if compiled else flex_attention
    return function
