"""One segment of the first stage on disk: documents' words, windows and texts, written once."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from docrerank.records import Page
from docrerank.retrieval.encoder import Vectors
from docrerank.retrieval.word_index import Rows, write_words

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
