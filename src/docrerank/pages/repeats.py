"""Pages of a run that repeat an earlier one: a filing under two names, a chapter reprinted, a notice on many pages.

A page repeats another if their words are nearly the same and their numbers are the same in the same order, the printed
page number aside. Candidates are found by MinHash (Broder 1997) and locality-sensitive hashing, and compared: time is
linear in pages, and what was read of them lies on disk.
"""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

import numpy as np

from docrerank.pages.wording import Hashes, Wording, read_wording
from docrerank.recipe import fingerprint
from docrerank.records import Page, Repeat
from docrerank.retrieval.named_pages import number_pages, strip_numbers
from docrerank.runs import Parts, Run, Stage

FOLDER, PART, STAGE, STAGE_VERSION = "repeats", "corpus", "repeats", 1
#: Two pages whose shingles have a Jaccard similarity of .8 agree in a band with .8 ** 5, and in none with 5e-5.
BANDS, BAND_SIZE = 25, 5
#: First pages that a page is compared with at most.
MAX_FIRST = 400

_TABLES = """
CREATE TABLE first (name TEXT, shingles BLOB);
CREATE TABLE band (key INTEGER, first INTEGER, PRIMARY KEY (key, first)) WITHOUT ROWID;
"""


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
    with contextlib.closing(sqlite3.connect("")) as base:  # on disk, deleted when it is closed
        base.executescript(_TABLES)
        for page, wording in read_wordings(pages):
            keys = (hash_bands(wording.shingles) ^ _hash_numbers(wording.numbers)).view(np.int64).tolist()
            if not len(wording.shingles):
                continue
            first = next(
                (name for name, other in _find_candidates(base, keys) if _is_alike(wording, other, likeness)), ""
            )
            if first:
                yield Repeat(page.id, first)
            else:
                _add_first(base, page.id, wording, keys)


def _find_candidates(base: sqlite3.Connection, keys: list[int]) -> Iterator[tuple[str, bytes]]:
    """Names and shingles of first pages that have a key in common with a page, in their order."""
    marks = ",".join("?" * len(keys))
    yield from base.execute(
        f"SELECT name, shingles FROM first WHERE rowid IN (SELECT first FROM band WHERE key IN ({marks})) "
        f"ORDER BY rowid LIMIT {MAX_FIRST}",
        keys,
    ).fetchall()


def _is_alike(wording: Wording, shingles: bytes, likeness: float) -> bool:
    return wording.measure_likeness(Wording(np.frombuffer(shingles, np.uint64), wording.numbers)) >= likeness


def _add_first(base: sqlite3.Connection, name: str, wording: Wording, keys: list[int]) -> None:
    row = base.execute("INSERT INTO first VALUES (?, ?)", (name, wording.shingles.tobytes())).lastrowid
    base.executemany("INSERT OR IGNORE INTO band VALUES (?, ?)", [(key, row) for key in keys])


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


def _hash_numbers(numbers: Sequence[str]) -> np.uint64:
    return np.uint64(int.from_bytes(hashlib.blake2b(" ".join(numbers).encode(), digest_size=8).digest(), "little"))


#: Odd, so that no bit is lost.
_MULTIPLIERS = 2 * np.random.default_rng(1).integers(0, 1 << 63, BANDS * BAND_SIZE, np.uint64) + np.uint64(1)
