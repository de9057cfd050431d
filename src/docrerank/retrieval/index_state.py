"""What an index on disk says of itself: its segments, and where each document stands in them."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

VERSION = 3
_NUMBER = re.compile("[1-9][0-9]{0,8}")


def start_state() -> dict[str, Any]:
    """The state of an index of nothing.

    `segments`: pages of each, by folder. `documents`: what each was made from, its first row and the row behind its
    last. `vectors`: the file of the windows' index, if there is one; `trained`: windows that its lists were made from.
    `updates`: how many there were; they name the folders and files.
    """
    return {"version": VERSION, "segments": {}, "documents": {}, "vectors": "", "trained": 0, "updates": 0}


def read_state(file: Path) -> dict[str, Any]:
    """The state that was written; one of nothing if there is none, or one of another version."""
    try:
        state = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return start_state()
    return state if isinstance(state, dict) and state.get("version") == VERSION else start_state()


def split_id(page_id: str) -> tuple[str, int]:
    """A page's document and number; 0, which no page has, if the number is not written as ids have it.

    Examples:
        >>> split_id("report/12"), split_id("report/012"), split_id("report")
        (('report', 12), ('report', 0), ('', 0))
    """
    document, _, number = page_id.rpartition("/")
    return document, int(number) if _NUMBER.fullmatch(number) else 0


def clear(folder: Path, state: Mapping[str, Any]) -> None:
    """Delete what the state no longer names."""
    for path in folder.iterdir():
        if path.is_dir() and path.name not in state["segments"]:
            shutil.rmtree(path)
        elif path.name.startswith("vectors") and path.name != state["vectors"]:
            path.unlink()
