"""Draws pages ahead of the model, in processes of its own: decoding and resizing never wait in the loop."""

from __future__ import annotations

import logging
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import DataLoader

from docrerank.records import UserError
from docrerank.vision.backbone import PageTokens
from docrerank.vision.images import ImageReader, PageSource
from docrerank.vision.page_groups import PageGroup

logger = logging.getLogger(__name__)

#: Items that each worker holds ready; a page of 600,000 pixels is 14 MB, in bfloat16 7 MB.
AHEAD = 2
#: A GPU is fed by fewer than this many processes, however many cores there are.
MAX_WORKERS = 8
#: Fewer pages than this for each worker are not worth its start.
LEAST = 16
#: Where workers hand items over: tensors in shared memory.
SHARED = "/dev/shm"


def count_workers(wanted: int, world: int, item_bytes: int) -> int:
    """How many processes draw pages: as many as asked for, or by cores, and no more than shared memory has room for.

    Args:
        wanted: -1 leaves one core of this process's share and takes the others.
        world: processes that use a model on this machine.
        item_bytes: of the largest item that is handed over.
    """
    cores = len(os.sched_getaffinity(0)) // world - 1
    workers = min(MAX_WORKERS, max(0, cores)) if wanted < 0 else wanted
    room = shutil.disk_usage(SHARED).free // 2 // world if Path(SHARED).is_dir() else sys.maxsize
    fitting = room // ((AHEAD + 1) * max(1, item_bytes))
    if fitting < workers:
        logger.warning(
            "shared memory has room for %d of %d processes that draw pages: give a container more (--shm-size=8g); in "
            "training a lower vision.micro_tokens does too",
            *(fitting, workers),
        )
    return min(workers, fitting)


def draw_ahead(
    groups: Sequence[PageGroup], reader: ImageReader, dtype: torch.dtype, workers: int = -1
) -> Iterator[PageTokens | str]:
    """Each group's page as the model reads it, in order, or why it cannot be read.

    Args:
        groups: pages with their queries.
        reader: cuts them up.
        dtype: of the patches: the model's own.
        workers: see `count_workers`; this process draws a few pages itself.
    """
    many = min(count_workers(workers, 1, reader.page_values * dtype.itemsize), len(groups) // LEAST)
    pages: Any = [(group.page, group.query) for group in groups]
    draw = partial(_draw, reader, dtype)
    return iter(
        DataLoader(pages, batch_size=None, collate_fn=draw, num_workers=many, prefetch_factor=AHEAD if many else None)
    )


def _draw(reader: ImageReader, dtype: torch.dtype, page: tuple[PageSource, str]) -> PageTokens | str:
    try:
        read = reader.read(*page)
    except UserError as error:
        return str(error)
    return replace(read, pixels=read.pixels.to(dtype))
