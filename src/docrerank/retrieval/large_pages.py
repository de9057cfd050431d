"""The pages of a large run, on disk: found by a query or by id, in memory of some hundred bytes a page."""

from __future__ import annotations

import json
import re
import shutil
import threading
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa
from cachetools import LRUCache

from docrerank.records import Page, UserError, document_of
from docrerank.retrieval.bm25 import StoredBm25
from docrerank.retrieval.encoder import Encoding, Vectors
from docrerank.retrieval.first_stage import Candidates, Compared, compare_rows
from docrerank.retrieval.fusion import measure_usual, order, standardise
from docrerank.retrieval.named_kinds import find_kinds
from docrerank.retrieval.named_pages import NamedPages
from docrerank.retrieval.page_store import PageStore
from docrerank.retrieval.page_windows import PageWindows, Rows, find_pages, map_index, write_index
from docrerank.retrieval.windows import clean_text
from docrerank.runs import Run, replacing, take_turns, write_text

#: Raised when the files change.
VERSION = 4
#: Folder of a run that holds the first stage over its pages where they are many.
INDEX = "index"
#: In it: held by the process that makes the index or fills a store.
LOCK = ".lock"
#: Written last: what each document was made from, its first row and the row behind its last.
MARKER = "index._done"
#: Beside an encoder's encodings: the documents that are encoded whole, each with what it was made from.
FILLED = "filled.json"
#: From so many windows on they are found by FAISS; fewer are all compared.
APPROXIMATE_FROM = 20_000
#: Pages that each view hands to the fusion, and windows that give the pages of one.
CANDIDATES, WINDOWS_FOUND = 200, 400
#: Pages whose best windows say what is usual for a query, drawn once.
USUAL_PAGES = 2_048
#: Texts and boxes of pages that stay in memory: some thousand pages.
KEPT_BYTES = 64_000_000

_NUMBER = re.compile("[1-9][0-9]{0,8}")
_COLUMNS = pa.schema({"number": pa.uint32(), "windows": pa.uint32(), "text": pa.string()})
#: A document's pages and the window vectors of each, (w, d).
Read = Callable[[str], tuple[Sequence[Page], Sequence[Vectors]]]


class LargePages:
    """Pages by BM25 and their best window, on disk; threads may share them, `find` aside.

    Both views' z-scores are added up as in `FirstStage`, of the best `CANDIDATES` pages of each view. These pages'
    scores are exact, but for mean and deviation of windows, which are those of `USUAL_PAGES` pages. A page that is
    among the best of neither view is not found. A document that changed or left since is not found any more.

    Args:
        run: whose pages they are.
        folder: as `write_pages` filled it.
        dimension: numbers in a window's vector.

    Raises:
        UserError: the index is damaged.
    """

    def __init__(self, run: Run, folder: Path, dimension: int) -> None:
        self._run = run
        try:
            self._documents: dict[str, tuple[str, int, int]] = json.loads((folder / MARKER).read_text("utf-8"))
            self._table = pa.ipc.open_file(pa.memory_map(str(folder / "pages.arrow"))).read_all()
            self._windows = _map_windows(folder, dimension, self._table["windows"].to_numpy())
            self._words = StoredBm25(folder)
            path = folder / "vectors"
            self._vectors = map_index(path) if path.is_file() else None
        except (OSError, ValueError, RuntimeError, pa.ArrowException) as error:
            raise UserError(f"the index in {folder} is damaged: delete the folder and ask again") from error
        self._numbers = self._table["number"].to_numpy()
        self._names = list(self._documents)
        self._firsts = np.array([first for _, first, _ in self._documents.values()], np.int64)
        pages = len(self._numbers)
        self._usual = np.sort(np.random.default_rng(0).choice(pages, min(USUAL_PAGES, pages), replace=False))
        self._usual_windows = self._windows.take(self._usual)
        self._kept: LRUCache[str, Page] = LRUCache(KEPT_BYTES, _size)
        self._lock = threading.Lock()

    def __contains__(self, page_id: str) -> bool:
        """Whether there is a page of this id; nothing is read from disk."""
        try:
            self.find_row(page_id)
        except KeyError:
            return False
        return True

    def documents(self) -> dict[str, int]:
        """Documents and how many pages each has."""
        return {name: end - first for name, (_, first, end) in self._documents.items()}

    def rows(self, document: str) -> Rows:
        """Rows of a document's pages; none of an unknown one."""
        return np.arange(*self._documents.get(document, ("", 0, 0))[1:])

    def find_row(self, page_id: str) -> int:
        """The row of a page; KeyError of an id that no page has."""
        document, _, number = page_id.rpartition("/")
        rows = self.rows(document)
        found = rows[self._numbers[rows] == int(number)] if _NUMBER.fullmatch(number) else []
        if not len(found):
            raise KeyError(page_id)
        return int(found[0])

    def name(self, row: int) -> str:
        """The id of a page."""
        document = self._names[int(np.searchsorted(self._firsts, row, side="right")) - 1]
        return f"{document}/{self._numbers[row]}"

    def text(self, row: int) -> str:
        """The text of a page."""
        return str(self._table["text"][row])

    def get(self, page_id: str) -> Page | None:
        """A page; None if there is none of this id."""
        return self.read([page_id]).get(page_id)

    def read(self, ids: Sequence[str]) -> dict[str, Page]:
        """Those of the pages that are there, by id; each document is read once, and unknown ids cost nothing."""
        with self._lock:
            found = {page_id: self._kept[page_id] for page_id in ids if page_id in self._kept}
        missing: dict[str, set[str]] = defaultdict(set)
        for page_id in ids:
            if page_id not in found and page_id in self:
                missing[document_of(page_id)].add(page_id)
        for document, wanted in missing.items():
            found.update(self._read(document, wanted))
        with self._lock:
            self._kept.update(found)
        return found

    def _read(self, document: str, wanted: Collection[str]) -> dict[str, Page]:
        found: dict[str, Page] = {}
        if self._run.pages.made_from(document) != self._documents[document][0]:
            return found
        for page in self._run.pages.read(document):
            if page.id in wanted:
                found[page.id] = page
            if len(found) == len(wanted):
                break
        return found

    def fill(self, store: PageStore) -> None:
        """Have a store encode the documents that are new or changed since it was last filled; processes take turns."""
        pages, note = self._run.pages, store.folder / FILLED
        wanted = {name: pages.made_from(name) for name in pages.names()}
        with take_turns(self._run.path / INDEX / LOCK):
            known = json.loads(note.read_text("utf-8")) if note.is_file() else {}
            for name in wanted:
                if known.get(name) != wanted[name]:
                    store.fill(pages.read(name))
            if known != wanted:
                write_text(note, json.dumps(wanted))

    def find(self, query: str, encoded: Encoding, count: int, document: str | None = None) -> Candidates:
        """As `FirstStage.find`; what the query names does not count in the scores.

        Pages of a kind that it names are candidates too, in documents that have others.
        """
        words, window = self._words.score(query), encoded.windows[0]
        if document is None:
            compared = self._compare_all(words, window, self._find_near([encoded])[0])
        else:
            compared = self._compare(words, window, self.rows(document))
        best = order(compared.scores, count)
        found = {self.name(int(compared.rows[at])): float(compared.scores[at]) / 2 for at in best}
        lowest = min(found.values(), default=0.0)
        found |= dict.fromkeys(islice(self._list_named(query, list(found)), count), lowest)
        read = self.read(list(found))
        pages = [read[name] for name in found if name in read]
        rows = np.array([self.find_row(page.id) for page in pages], np.int64)
        windows = self._windows.take(rows).match([window[None]])[0]
        scores = np.array([found[page.id] for page in pages], np.float32)
        return Candidates(pages, scores, windows, NamedPages(pages).score(query))

    def _list_named(self, query: str, found: Collection[str]) -> Iterator[str]:
        """Other pages of the documents found that are of a kind that a query names; no texts are read."""
        kinds = find_kinds(query).keys()
        for document in dict.fromkeys(map(document_of, found)) if kinds else ():
            columns = (self._run.pages.column(name, document) for name in ("id", "kinds"))
            for page_id, own in zip(*columns, strict=True):
                if page_id not in found and not kinds.isdisjoint(own):
                    yield page_id

    def compare(
        self, queries: Sequence[str], encoded: Sequence[Encoding], own: Sequence[int], apart: bool
    ) -> Iterator[list[Compared]]:
        """As `FirstStage.compare`, of other documents only the candidates: the best of each view, and the own page."""
        for query, one, row, near in zip(queries, encoded, own, self._find_near(encoded), strict=True):
            words, window = self._words.score(query), one.windows[0]
            everything = self._compare_all(words, window, np.union1d(near, [row]))
            if not apart:
                yield [everything]
                continue
            same = self.rows(document_of(self.name(row)))
            outside = ~np.isin(everything.rows, same) | (everything.rows == row)
            others = Compared(everything.rows[outside], everything.scores[outside], everything.lowest)
            yield [self._compare(words, window, same), others]

    def _compare(self, words: Vectors, window: Vectors, rows: Rows) -> Compared:
        """Pages with each other."""
        return compare_rows(words[rows], self._windows.take(rows).match([window[None]])[0], rows)

    def _compare_all(self, words: Vectors, window: Vectors, near: Rows) -> Compared:
        """The pages that either view finds, by what is usual among all; where pages are few, all with each other."""
        if self._vectors is None:
            return self._compare(words, window, np.arange(len(words)))
        held = np.flatnonzero(words)  # most pages hold none of the words
        rows = np.union1d(near, held[order(words[held], CANDIDATES)])
        sample, usual = self._usual_windows.match([window[None]])[0], measure_usual(words)
        matches = standardise(self._windows.take(rows).match([window[None]])[0], measure_usual(sample))
        scores = standardise(words[rows], usual) + matches
        lowest = float((standardise(words[self._usual], usual) + standardise(sample)).min())
        return Compared(rows, scores, min(lowest, float(scores.min(initial=0.0))))

    def _find_near(self, encoded: Sequence[Encoding]) -> list[Rows]:
        """Rows of the pages whose windows are closest to each query; none where all are compared."""
        if self._vectors is None:
            return [np.zeros(0, np.int64)] * len(encoded)
        windows = np.stack([one.windows[0] for one in encoded])
        return find_pages(self._vectors, windows, WINDOWS_FOUND, CANDIDATES)


def write_pages(folder: Path, documents: Mapping[str, str], read: Read, dimension: int) -> None:
    """Index documents; a folder without its marker, which comes last, is not whole.

    Args:
        folder: emptied first.
        documents: what each was made from.
        read: called once for each.
        dimension: numbers in a window's vector.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    places: dict[str, tuple[str, int, int]] = {}
    sizes: list[int] = []
    StoredBm25.write(folder, _write_texts(folder, documents, read, places, sizes))
    windows = _map_windows(folder, dimension, np.array(sizes, np.int64))
    if len(windows.vectors) >= APPROXIMATE_FROM:
        with replacing(folder / "vectors") as temporary:
            write_index(windows, temporary)
    write_text(folder / MARKER, json.dumps(places))


def _write_texts(
    folder: Path,
    documents: Mapping[str, str],
    read: Read,
    places: dict[str, tuple[str, int, int]],
    sizes: list[int],
) -> Iterator[str]:
    """Write all but the words, and yield each page's text for these; notes documents' places and windows a page."""
    with pa.ipc.new_file(folder / "pages.arrow", _COLUMNS) as table, (folder / "windows").open("wb") as vectors:
        for name, made_from in documents.items():
            pages, windows = read(name)
            places[name] = made_from, len(sizes), len(sizes) + len(pages)
            counts, texts = [len(own) for own in windows], [clean_text(page.text) for page in pages]
            table.write_batch(pa.record_batch([[page.number for page in pages], counts, texts], schema=_COLUMNS))
            for own in windows:
                np.asarray(own, np.float16).tofile(vectors)
            sizes += counts
            yield from texts


def _map_windows(folder: Path, dimension: int, sizes: Rows) -> PageWindows:
    shape = (int(sizes.sum()), dimension)
    vectors = np.memmap(folder / "windows", np.float16, "r", shape=shape) if shape[0] else np.zeros(shape, np.float16)
    return PageWindows(np.asarray(vectors), sizes)


def _size(page: Page) -> int:
    return len(page.text) + page.boxes.nbytes
