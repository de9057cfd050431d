"""Goes on when memory runs out: the batch is halved until it fits."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TypeVar

import torch

from docrerank.records import one_line

logger = logging.getLogger(__name__)
Item = TypeVar("Item")


def run_halving(
    run: Callable[[Sequence[Item]], None], items: Sequence[Item], lose: Callable[[Item, str], None]
) -> None:
    """Run a batch, or its halves where it does not fit into memory; calls `lose` with an item that never fits."""
    try:
        return run(items)
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        message = one_line(error, 120)
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    if len(items) == 1:
        lose(items[0], f"out of memory on a single page ({message}): lower pixels= or use a larger device")
        return None
    half = len(items) // 2
    logger.warning("out of memory with %d in a batch: going on with %d", len(items), half)
    run_halving(run, items[:half], lose)
    return run_halving(run, items[half:], lose)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory ran out, on a GPU or on the host."""
    text = str(error).lower()
    return (
        isinstance(error, MemoryError | torch.OutOfMemoryError) or "out of memory" in text or "allocate memory" in text
    )
