"""Forms in which a page's keys and values are stored: 16 bit, or 8 bit with a scale where the spread is."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from docrerank.vision.prefix import PagePrefix

#: `fp16` keeps two bits more than bfloat16; `int8` halves it again, keys by channel and values by token.
Form = Literal["fp16", "int8"]
STEPS = 254


def pack_prefix(prefix: PagePrefix, form: Form) -> dict[str, Tensor]:
    """A prefix as tensors to store, on the host.

    Large keys beyond the range of `fp16` are stored in bfloat16.
    """
    keys, values = prefix.keys.detach().cpu(), prefix.values.detach().cpu()
    if form == "fp16":
        return {"keys": _halve(keys), "values": _halve(values)}
    # A channel of the keys may stand far from zero in every token; a token's values share one spread.
    return {**_quantise(keys, 2, "keys"), **_quantise(values, 3, "values")}


def unpack_prefix(
    tensors: dict[str, Tensor], next_position: int, dtype: torch.dtype, device: torch.device
) -> PagePrefix:
    """A stored prefix in the model's own type, on its device."""
    keys, values = (_restore(tensors, name, dtype, device) for name in ("keys", "values"))
    return PagePrefix(keys, values, next_position)


def _halve(tensor: Tensor) -> Tensor:
    half = tensor.to(torch.float16)
    return half if bool(torch.isfinite(half).all()) else tensor.to(torch.bfloat16)


def _quantise(tensor: Tensor, along: int, name: str) -> dict[str, Tensor]:
    """Affine 8 bit: one middle and one step for everything along a dimension."""
    tensor = tensor.float()
    low, high = tensor.amin(along, keepdim=True), tensor.amax(along, keepdim=True)
    middle, step = (low + high) / 2, ((high - low) / STEPS).clamp_min(1e-12)
    codes = ((tensor - middle) / step).round().clamp(-127, 127).to(torch.int8)
    return {name: codes, f"{name}_middle": middle, f"{name}_step": step}


def _restore(tensors: dict[str, Tensor], name: str, dtype: torch.dtype, device: torch.device) -> Tensor:
    tensor = tensors[name].to(device)
    if f"{name}_step" in tensors:
        middle, step = tensors[f"{name}_middle"].to(device), tensors[f"{name}_step"].to(device)
        return (tensor.float() * step + middle).to(dtype)
    return tensor.to(dtype)
