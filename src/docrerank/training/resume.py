"""The file that a killed training goes on from: whole or not at all, and of use to the same training alone."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from docrerank.records import UserError
from docrerank.runs import replacing, sync

logger = logging.getLogger(__name__)

#: Raised when a checkpoint holds something else than before.
VERSION = 2


def write_checkpoint(file: Path, made_from: str, content: Mapping[str, Any]) -> None:
    """Write a training's state.

    Args:
        file: replaced when the new one is there whole.
        made_from: fingerprint of all that the training depends on.
        content: tensors, numbers, texts, and lists and dictionaries of them.
    """
    with replacing(file) as temporary:
        torch.save({"made_from": f"{VERSION} {made_from}", **content}, temporary)
    sync(file, file.parent)


def read_checkpoint(file: Path, made_from: str) -> dict[str, Any] | None:
    """What `write_checkpoint` wrote, in host memory; None without one, or (with a warning) for another training.

    Raises:
        UserError: the file cannot be read.
    """
    if not file.is_file():
        return None
    try:
        content: dict[str, Any] = torch.load(file, map_location="cpu", weights_only=True)
        own = content["made_from"] == f"{VERSION} {made_from}"
    except Exception as error:
        raise UserError(f"{file} cannot be read: delete it and run again") from error
    if own:
        return content
    logger.warning("%s is of another training (other pages, queries, settings or version): begun anew", file)
    return None
