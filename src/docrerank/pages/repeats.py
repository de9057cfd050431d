"""Pages of a run that repeat an earlier one: a filing under two names, a chapter reprinted, a notice on many pages.

A page repeats another if their words are nearly the same and their numbers are the same in the same order, the printed
page number aside. Candidates are found by MinHash (Broder 1997) and locality-sensitive hashing, and compared: time is
linear in pages, memory some hundred bytes for a page that has candidates and a few for any other.
"""

from __future__ import annotations

import hashlib
import tempfile
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path

import numpy as np
import numpy.typing as npt

from docrerank.pages.wording import Hashes, Wording, read_wording
from docrerank.recipe import fingerprint
from docrerank.records import Page, Repeat
from docrerank.retrieval.named_pages import number_pages, strip_numbers
from docrerank.runs import Parts, Run, Stage

FOLDER, PART, STAGE, STAGE_VERSION = "repeats", "corpus", "repeats", 1
#: Two pages whose shingles have a Jaccard similarity of .8 agree in a band with .8 ** 5, and in none with 5e-5.
BANDS, BAND_SIZE = 25, 5
#: Pages that a candidate is compared with at most for each band that it shares with them.
MAX_FIRST = 16

Rows = npt.NDArray[np.int64]


def find_repeats(run: Run) -> dict[str, str]:
    """Ids of the run's pages that repeat another, each with the first page that it repeats; kept in `RUN/repeats`.

    A first page repeats none itself, so that pages with one first page are copies of each other. Pages without text
    repeat nothing.

    Examples:
        >>> find_repeats(Run.open("RUN"))  # doctest: +SKIP
        {'filing-again/3': 'filing/3'}
    """
    parts = Parts(run.path / FOLDER, Repeat)
    origin = fingerprint(
        STAGE,
        STAGE_VERSION,
        run.recipe.mine.near_identical,
        [[name, run.pages.made_from(name)] for name in run.pages.names()],
    )
    stage = Stage(run, STAGE, {PART: origin}, parts)
    if stage.todo():
        with stage.record() as counts:
            rows = list(list_repeats(run.pages.read(), run.recipe.mine.near_identical))
            counts.update(pages_that_repeat=len(rows), pages_repeated=len({row.first_id for row in rows}))
            parts.write(PART, rows, origin)
    return {row.page_id: row.first_id for row in parts.read(PART)}


def list_repeats(pages: Iterable[Page], likeness: float) -> Iterator[Repeat]:
    """Yield the pages that repeat an earlier one.

    Args:
        pages: of whole documents, one document after the other.
        likeness: Jaccard similarity of shingles from which pages read alike, .7 to 1.
    """
    with tempfile.TemporaryDirectory(prefix="docrerank-") as folder:
        sketches = Sketches(Path(folder), pages)
        found: dict[int, list[int]] = defaultdict(list)
        for row, groups in _walk(*sketches.group()):
            candidates = sorted({first for group in groups for first in found[group]})
            first = next((other for other in candidates if sketches.repeats(row, other, likeness)), None)
            if first is not None:
                yield Repeat(sketches.ids[row], sketches.ids[first])
            else:
                for group in groups:
                    found[group] += [row] if len(found[group]) < MAX_FIRST else []


class Sketches:
    """Pages' shingles and MinHash bands, on disk.

    Args:
        folder: an empty one.
        pages: of whole documents; read once.
    """

    def __init__(self, folder: Path, pages: Iterable[Page]) -> None:
        self.ids: list[str] = []
        self._numbers, self._bounds = array("Q"), array("q", [0])
        with (folder / "shingles").open("wb") as shingles, (folder / "bands").open("wb") as bands:
            for page, wording in read_wordings(pages):
                self.ids.append(page.id)
                self._numbers.append(_hash_numbers(wording.numbers))
                self._bounds.append(self._bounds[-1] + len(wording.shingles))
                wording.shingles.tofile(shingles)
                hash_bands(wording.shingles).tofile(bands)
        self._shingles, self._bands = (_open(folder / name) for name in ("shingles", "bands"))

    def group(self) -> tuple[Rows, Rows]:
        """Rows of pages that share a band, and their numbers, with others, and the group of each; by row."""
        rows, groups, total = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], 0
        numbers = np.frombuffer(self._numbers, np.uint64)
        filled = np.flatnonzero(np.diff(self._bounds))
        for band in range(BANDS):
            keys = self._bands[filled * BANDS + band] ^ numbers[filled]
            ordered = np.argsort(keys, kind="stable")
            as_before = np.zeros(len(keys) + 1, bool)
            as_before[1:-1] = np.diff(keys[ordered]) == 0
            shared = as_before[:-1] | as_before[1:]
            rows.append(filled[ordered[shared]])
            groups.append(total + np.cumsum(~as_before[:-1][shared]))
            total = int(groups[-1][-1]) if len(groups[-1]) else total
        every = np.concatenate(rows)
        by_row = np.argsort(every, kind="stable")
        return every[by_row], np.concatenate(groups)[by_row]

    def repeats(self, row: int, other: int, likeness: float) -> bool:
        """Whether two pages have the same numbers and read alike."""
        if self._numbers[row] != self._numbers[other]:
            return False
        return Wording(self._read(row), ()).measure_likeness(Wording(self._read(other), ())) >= likeness

    def _read(self, row: int) -> Hashes:
        return self._shingles[self._bounds[row] : self._bounds[row + 1]]


def read_wordings(pages: Iterable[Page]) -> Iterator[tuple[Page, Wording]]:
    """Every page's wording without the page numbers that are printed on it.

    A number counts as printed if it stands at the edge of one of the first or last lines and is the page's place in
    its document or runs with the document's pages.
    """
    for _, own in groupby(pages, key=lambda page: page.document):
        document = list(own)
        for page, numbers in zip(document, number_pages(document), strict=True):
            yield page, read_wording(strip_numbers(page.text, numbers))


def hash_bands(shingles: Hashes) -> Hashes:
    """One hash for every `BAND_SIZE` MinHashes, of shape (BANDS,); zeros for a page without text.

    A MinHash is the smallest of all shingles' hashes, by multiplication and shift (Dietzfelbinger and others 1997).
    """
    if not len(shingles):
        return np.zeros(BANDS, np.uint64)
    smallest = ((shingles * _MULTIPLIERS[:, None]) >> np.uint64(32)).min(axis=1)
    products = smallest.reshape(BANDS, BAND_SIZE) * _MULTIPLIERS[:BAND_SIZE]
    return np.asarray(products.sum(axis=1), np.uint64)


def _hash_numbers(numbers: Sequence[str]) -> int:
    return int.from_bytes(hashlib.blake2b(" ".join(numbers).encode(), digest_size=8).digest(), "little")


def _walk(rows: Rows, groups: Rows) -> Iterator[tuple[int, list[int]]]:
    """Each row with its groups."""
    starts = np.flatnonzero(np.diff(rows, prepend=-1)).tolist()
    for start, end in zip(starts, [*starts, len(rows)][1:], strict=True):
        yield int(rows[start]), groups[start:end].tolist()


def _open(file: Path) -> Hashes:
    return np.asarray(np.memmap(file, np.uint64, "r")) if file.stat().st_size else np.zeros(0, np.uint64)


#: Odd, so that no bit is lost.
_MULTIPLIERS = 2 * np.random.default_rng(1).integers(0, 1 << 63, BANDS * BAND_SIZE, np.uint64) + np.uint64(1)
