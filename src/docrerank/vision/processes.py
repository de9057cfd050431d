"""Several processes on one training: each takes its share of a step, and sums are taken over all of them.

Gradients are summed once a step instead of inside a wrapper around the model: packed rows call the inner model, the
number of pieces may differ between processes, and only what learns (an adapter's few weights) has to travel.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from accelerate import PartialState
from torch import Tensor

from docrerank.vision.launcher import count_processes

#: Seconds between parting and the process's end. Gloo's threads outlive the group while cut weights refer to it, and
#: let go of their last tensors under Python's lock: a thread that asks for it while Python ends aborts the process,
#: and torchrun then stops the others, the one that still writes the manifest too.
GRACE = 0.5


@dataclass(frozen=True, slots=True)
class Processes:
    """The processes of a training.

    Attributes:
        rank: of this one, from 0.
        world: how many there are.
        device: where this one computes.
    """

    rank: int
    world: int
    device: str

    @classmethod
    def join(cls) -> Processes:
        """Meet the others, if torchrun or `accelerate launch` started any."""
        if count_processes() == 1:
            return cls(0, 1, "cuda" if torch.cuda.is_available() else "cpu")
        state = PartialState(cpu=not torch.cuda.is_available())
        device = "cpu" if state.device.type == "cpu" else str(state.device)
        return cls(state.process_index, state.num_processes, device)

    def sum(self, tensors: Sequence[Tensor]) -> None:
        """Replace each tensor by its sum over all processes, in one message for each type of number."""
        if self.world == 1:
            return
        for dtype in sorted({tensor.dtype for tensor in tensors}, key=str):
            own = [tensor for tensor in tensors if tensor.dtype == dtype]
            flat = torch.cat([tensor.flatten() for tensor in own]).to(self.device)
            torch.distributed.all_reduce(flat)
            for tensor, part in zip(own, torch.split(flat, [tensor.numel() for tensor in own]), strict=True):
                tensor.copy_(part.view_as(tensor))

    def join_notes(self, own: Mapping[str, str]) -> dict[str, str]:
        """All processes' entries in one."""
        if self.world == 1:
            return dict(own)
        found: list[Any] = [None] * self.world
        torch.distributed.all_gather_object(found, dict(own))
        return {key: value for part in found for key, value in part.items()}

    def leave(self) -> None:
        """Wait for the others and part."""
        if self.world > 1:
            torch.distributed.barrier()
            torch.distributed.destroy_process_group()
            time.sleep(GRACE)
