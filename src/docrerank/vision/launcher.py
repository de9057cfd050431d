"""What torchrun and `accelerate launch` tell a process; without them it is the only one."""

from __future__ import annotations

import os


def read_rank() -> int:
    """This process's number, from 0; the first alone writes."""
    return int(os.environ.get("RANK", "0"))


def count_processes() -> int:
    """Processes on one training."""
    return int(os.environ.get("WORLD_SIZE", "1"))
