"""Weights cut over the processes (FSDP): each holds its share of every text layer and gathers a layer when it runs.

Only the layers of the language model are cut. The vision tower, the embeddings and the head stay whole everywhere: a
step may have no page for a process, and a tied head is read outside of the layers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FSDPModule, fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor

from docrerank.vision.backbone import core_of
from docrerank.vision.processes import Processes

Value = TypeVar("Value")


def shard(model: Any, processes: Processes) -> None:
    """Cut the text layers' weights over the processes, in place, and move the rest to this one's device.

    Gradients become sums over the processes, not means: the loss is divided by the whole step's total already.
    """
    core = core_of(model)
    mesh = init_device_mesh(torch.device(processes.device).type, (processes.world,))
    layers = list(core.language_model.layers)
    cut = {id(weight) for layer in layers for weight in layer.parameters()}
    for layer in layers:
        fully_shard(layer, mesh=mesh)
    whole = {weight for weight in core.parameters() if id(weight) not in cut and not isinstance(weight, DTensor)}
    fully_shard(core, mesh=mesh, ignored_params=whole)
    for module in (core, *layers):
        sum_gradients(module)
    for tensor in (*model.parameters(), *model.buffers()):
        if not isinstance(tensor, DTensor):
            tensor.data = tensor.data.to(processes.device)


def sum_gradients(module: FSDPModule) -> None:
    """Let a module's gradients be sums over the processes; they are means by default."""
    module.set_gradient_divide_factor(1.0)
    module.set_force_sum_reduction_for_comms(True)


def is_sharded(model: Any) -> bool:
    """Whether `shard` was here."""
    return isinstance(core_of(model), FSDPModule)


def idle(model: Any) -> Tensor:
    """Nothing, as a loss: one token through the text layers.

    A process without a piece gathers and reduces with the others this way; gradients get zeros.
    """
    core = core_of(model)
    token = torch.zeros(1, 1, dtype=torch.long, device=core.device)
    hidden: Tensor = core(
        input_ids=token, attention_mask=torch.ones_like(token), position_ids=token.expand(3, 1, 1), use_cache=False
    ).last_hidden_state
    return hidden.float().sum() * 0.0


def gather(value: Value) -> Value:
    """The same with every cut tensor whole, in host memory; all processes must call it."""
    if isinstance(value, DTensor):
        return value.full_tensor().cpu()  # type: ignore[return-value]
    if isinstance(value, dict):
        return {key: gather(part) for key, part in value.items()}  # type: ignore[return-value]
    return [gather(part) for part in value] if isinstance(value, list) else value  # type: ignore[return-value]


def cut_like(whole: Tensor, weight: Tensor) -> Tensor:
    """A whole tensor cut as a weight is; every process must have the same one."""
    if not isinstance(weight, DTensor) or whole.shape != weight.shape:
        return whole
    mesh, placements = weight.device_mesh, weight.placements
    return distribute_tensor(whole.to(weight.device), mesh, placements, src_data_rank=None)


def cut_state(state: Mapping[str, Any], weights: Sequence[Tensor]) -> dict[str, Any]:
    """A whole optimizer state, of as many processes as then were, cut as the weights are."""
    of_weight = {
        number: {
            key: cut_like(value, weights[number]) if torch.is_tensor(value) else value for key, value in own.items()
        }
        for number, own in state["state"].items()
    }
    return {**state, "state": of_weight}


def clip_gradients(weights: Sequence[Tensor], limit: float, processes: Processes) -> None:
    """Scale gradients down to this norm over all weights, whole and cut."""
    if not any(isinstance(weight, DTensor) for weight in weights):
        nn.utils.clip_grad_norm_(weights, limit)
        return
    gradients = [weight.grad for weight in weights if weight.grad is not None]
    cut = [gradient.to_local() for gradient in gradients if isinstance(gradient, DTensor)]
    whole = [gradient for gradient in gradients if not isinstance(gradient, DTensor)]
    squares = _add_squares(cut)
    processes.sum([squares])
    norm = math.sqrt(float(squares + _add_squares(whole)))
    for part in (*cut, *whole):
        part.mul_(min(1.0, limit / (norm + 1e-6)))


def _add_squares(tensors: Sequence[Tensor]) -> Tensor:
    squares = [tensor.detach().double().square().sum().cpu() for tensor in tensors]
    return torch.stack(squares).sum() if squares else torch.zeros((), dtype=torch.float64)
