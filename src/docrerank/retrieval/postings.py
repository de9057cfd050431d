"""Where terms stand in many pages: an inverted index on disk, made in memory that does not grow with the pages."""

from __future__ import annotations

import contextlib
import functools
import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

Places = npt.NDArray[np.uint64]

#: A place is a row, shifted by this, and a small number: a line of the page, or how often a term stands there.
SHIFT = np.uint64(16)
LARGEST = (1 << 16) - 1
#: Terms are sorted in this many groups by their hash, one after the other.
BUCKETS = 64
#: Postings that are held before they are put into their buckets (16 bytes each).
AT_ONCE = 1_000_000


@functools.lru_cache(maxsize=200_000)
def hash_term(term: str) -> int:
    """A term's 64-bit hash, the same everywhere."""
    return int.from_bytes(hashlib.blake2b(term.encode("utf-8", "replace"), digest_size=8).digest(), "little")


class Postings:
    """Every place of every term, sorted; read from disk as they are asked for.

    Terms are known by a 64-bit hash: among a hundred million terms two are taken for one with a chance of .0003.

    Args:
        folder: where `write_postings` put them.

    Examples:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> write_postings(folder, [(np.array([7, 9, 7], np.uint64), np.array([1, 1, 2], np.uint64))])
        >>> Postings(folder).find(7).tolist(), Postings(folder).find(8).tolist()
        ([1, 2], [])
    """

    def __init__(self, folder: Path) -> None:
        self._terms, self._starts, self._places = (_open(folder / name) for name in ("terms", "starts", "places"))

    def find(self, term: int) -> Places:
        """The places of a term, by its hash, in ascending order."""
        at = int(np.searchsorted(self._terms, np.uint64(term)))
        if at == len(self._terms) or int(self._terms[at]) != term:
            return self._places[:0]
        return self._places[int(self._starts[at]) : int(self._starts[at + 1])]


def write_postings(folder: Path, pairs: Iterable[tuple[Places, Places]]) -> None:
    """Write postings into an empty folder.

    Args:
        folder: made if it is not there.
        pairs: hashes of terms and their places, in any order and number.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _fill_buckets(folder, pairs)
    total = np.uint64(0)
    with (folder / "terms").open("wb") as terms, (folder / "starts").open("wb") as starts:
        with (folder / "places").open("wb") as places:
            for number in range(BUCKETS):
                bucket = folder / f"bucket{number}"
                rows = np.fromfile(bucket, np.uint64).reshape(-1, 2)
                rows = rows[np.lexsort((rows[:, 1], rows[:, 0]))]
                own, firsts = np.unique(rows[:, 0], return_index=True)
                own.tofile(terms)
                (firsts.astype(np.uint64) + total).tofile(starts)
                np.ascontiguousarray(rows[:, 1]).tofile(places)
                total += np.uint64(len(rows))
                bucket.unlink()
        np.array([total]).tofile(starts)


def _fill_buckets(folder: Path, pairs: Iterable[tuple[Places, Places]]) -> None:
    with contextlib.ExitStack() as stack:
        files = [stack.enter_context((folder / f"bucket{number}").open("wb")) for number in range(BUCKETS)]
        for rows in _join(pairs):
            numbers = rows[:, 0] // np.uint64((1 << 64) // BUCKETS)
            for number, file in enumerate(files):
                rows[numbers == number].tofile(file)


def _join(pairs: Iterable[tuple[Places, Places]]) -> Iterator[npt.NDArray[np.uint64]]:
    """Pairs as rows (term, place), many at once."""
    held: list[npt.NDArray[np.uint64]] = []
    count = 0
    for terms, places in pairs:
        held.append(np.stack([terms, places], axis=1))
        count += len(terms)
        if count >= AT_ONCE:
            yield np.concatenate(held)
            held, count = [], 0
    if held:
        yield np.concatenate(held)


def _open(file: Path) -> Places:
    """A file's numbers, mapped; nothing can be mapped of an empty one."""
    return np.asarray(np.memmap(file, np.uint64, "r")) if file.stat().st_size else np.zeros(0, np.uint64)
