"""The files of the first stage on disk: segments of documents' words, windows and texts, and what names them."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from docrerank.records import Page
from docrerank.retrieval.encoder import Vectors
from docrerank.retrieval.word_index import Rows, write_words

VERSION = 3
_NUMBER = re.compile("[1-9][0-9]{0,8}")
#: A document's pages and the window vectors of each, (w, d).
Read = Callable[[str], tuple[Sequence[Page], Sequence[Vectors]]]


def write_segment(folder: Path, names: Sequence[str], read: Read) -> dict[str, tuple[int, int]]:
    """Write documents one after the other; returns where each begins and ends, in pages.

    Beside words (`word_index`) there are `windows` and `texts`, one page after the other, where each page's end
    (`bounds`, `text_bounds`: pages + 1 numbers), and the pages' `numbers` in their documents.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    places: dict[str, tuple[int, int]] = {}
    write_words(folder, _write_pages(folder, names, read, places))
    return places


def _write_pages(folder: Path, names: Sequence[str], read: Read, places: dict[str, tuple[int, int]]) -> Iterator[str]:
    """Write all but the words, and yield each page's text for these."""
    numbers: list[int] = []
    bounds, text_bounds = [0], [0]
    with (folder / "windows").open("wb") as vectors, (folder / "texts").open("wb") as texts:
        for name in names:
            pages, windows = read(name)
            places[name] = len(numbers), len(numbers) + len(pages)
            for page, own in zip(pages, windows, strict=True):
                np.asarray(own, np.float16).tofile(vectors)
                text = page.text.encode("utf-8", "replace")
                texts.write(text)
                bounds.append(bounds[-1] + len(own))
                text_bounds.append(text_bounds[-1] + len(text))
                numbers.append(page.number)
                yield page.text
    np.array(bounds, np.int64).tofile(folder / "bounds")
    np.array(text_bounds, np.int64).tofile(folder / "text_bounds")
    np.array(numbers, np.uint32).tofile(folder / "numbers")


class TextFile:
    """The texts of a segment's pages, mapped.

    Args:
        folder: as `write_segment` wrote it.
    """

    def __init__(self, folder: Path) -> None:
        self._bounds: Rows = np.fromfile(folder / "text_bounds", np.int64)
        shape = int(self._bounds[-1])
        self._texts = np.memmap(folder / "texts", np.uint8, "r", shape=shape) if shape else np.zeros(0, np.uint8)

    def __getitem__(self, row: int) -> str:
        return self._texts[self._bounds[row] : self._bounds[row + 1]].tobytes().decode("utf-8")


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
