"""Several processes on one training, started by torchrun or `accelerate launch`; without them there is one.

Gradients are summed once a step instead of inside a wrapper around the model: packed rows call the inner model, the
number of pieces may differ between processes, and only what learns (an adapter's few weights) has to travel.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

import torch
from accelerate import PartialState
from accelerate.utils import gather_object

#: Seconds between parting and the process's end. Gloo's threads outlive the group while cut weights refer to it, and
#: let go of their last tensors under Python's lock: a thread that asks for it while Python ends aborts the process,
#: and torchrun then stops the others, the one that still writes the manifest too.
GRACE = 0.5


def join_processes() -> PartialState:
    """Meet the other processes of this training, on GPUs if there are any."""
    return PartialState(cpu=not torch.cuda.is_available())


def join_notes(own: Mapping[str, str]) -> dict[str, str]:
    """All processes' entries in one."""
    return {key: value for part in gather_object([dict(own)]) for key, value in part.items()}


def leave_processes(state: PartialState) -> None:
    """Wait for the others and part."""
    if state.use_distributed:
        state.wait_for_everyone()
        state.destroy_process_group()
        time.sleep(GRACE)
