"""The first stage over pages on disk: as `FirstStage`, in memory of some hundred bytes a page.

What is indexed is kept in segments, written once. A document that changed or left is no longer counted, and one that
came is in a new segment; all is written anew only when half of it is no longer counted or segments are many.
"""

from __future__ import annotations

import bisect
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from docrerank.recipe.extras import require
from docrerank.records import UserError, document_of
from docrerank.retrieval.encoder import Encoding, Vectors
from docrerank.retrieval.first_stage import Compared
from docrerank.retrieval.fusion import measure_usual, order, standardise
from docrerank.retrieval.segment import Read, TextFile, clear, read_state, split_id, start_state, write_segment
from docrerank.retrieval.window_files import (
    WindowFile,
    add_windows,
    best_of,
    find_pages,
    map_index,
    read_index,
    train_index,
)
from docrerank.retrieval.word_index import Rows, WordIndex
from docrerank.runs import replacing, write_text

MAX_SEGMENTS = 16
#: From so many windows on they are found by FAISS; fewer are all compared.
APPROXIMATE_FROM = 20_000
#: Pages that each view hands to the fusion, and windows that give the pages of one.
CANDIDATES, WINDOWS_FOUND = 200, 400
#: Pages whose best windows say what is usual for a query, drawn once.
USUAL_PAGES = 2_048


class LargeFirstStage:
    """Pages by BM25 and their best window, on disk.

    Both views' z-scores are added up as in `FirstStage`, of the best `CANDIDATES` pages of each view. These pages'
    scores are exact; mean and deviation of windows are those of `USUAL_PAGES` pages. A page that is among the best of
    neither view is not found.

    Args:
        folder: the index; `update` makes and changes it.
        dimension: numbers in a window's vector.

    Raises:
        UserError: the index is damaged.
    """

    def __init__(self, folder: Path, dimension: int) -> None:
        self.folder, self._dimension = folder, dimension
        self._state: dict[str, Any] = {}
        self._alive: npt.NDArray[np.bool_] = np.zeros(0, bool)
        self._vectors: Any = None
        self._open()

    def update(self, documents: Mapping[str, str], read: Read) -> tuple[int, int]:
        """Index what is new or changed, forget what is gone; returns how many documents came and went.

        Args:
            documents: those that are to be there, and what each was made from.
            read: called once for each that has to be indexed.
        """
        known: dict[str, list[Any]] = self._state["documents"]
        gone = [name for name, entry in known.items() if documents.get(name) != entry[0]]
        fresh = [name for name, made_from in documents.items() if name not in known or known[name][0] != made_from]
        if not gone and not fresh:
            return 0, 0
        dead = np.concatenate([np.zeros(0, np.int64), *(np.arange(*known[name][1:]) for name in gone)])
        alive = len(self._alive) - np.count_nonzero(~self._alive) - len(dead)
        if len(self._state["segments"]) >= MAX_SEGMENTS or 2 * alive < len(self._alive):
            self._state, fresh, dead = {**start_state(), "updates": self._state["updates"]}, list(documents), dead[:0]
        for name in gone:
            self._state["documents"].pop(name, None)
        self._state["updates"] += 1  # names new files: those of the old state stay until the new one is there
        if fresh:
            self._write_segment(fresh, documents, read)
        self._store(dead)
        self._open()
        return len(fresh), len(gone)

    def search(
        self, query: str, encoded: Encoding, count: int, document: str | None = None
    ) -> list[tuple[str, float]]:
        """The best pages' ids and scores, of one document if it is named; none for an unknown one."""
        window = encoded.windows[0]
        if document is not None:
            compared = self._compare(query, window, np.arange(*self._find(document)))
        else:
            compared = self._compare_all(query, window, *self._find_near([encoded]))
        scores = compared.scores
        return [(self.name(int(compared.rows[at])), float(scores[at]) / 2) for at in order(scores, count)]

    def compare(
        self, queries: Sequence[str], encoded: Sequence[Encoding], own: Sequence[int], apart: bool
    ) -> Iterator[list[Compared]]:
        """As `FirstStage.compare`, of other documents only the candidates: the best of each view, and the own page."""
        for query, one, row, near in zip(queries, encoded, own, self._find_near(encoded), strict=True):
            window = one.windows[0]
            everything = self._compare_all(query, window, np.union1d(near, [row]))
            if not apart:
                yield [everything]
                continue
            document = self._find(document_of(self.name(row)))
            inside = (everything.rows >= document[0]) & (everything.rows < document[1]) & (everything.rows != row)
            others = Compared(everything.rows[~inside], everything.scores[~inside], everything.lowest)
            yield [self._compare(query, window, np.arange(*document)), others]

    def documents(self) -> dict[str, int]:
        """The documents that count, and how many pages each has."""
        return {name: entry[2] - entry[1] for name, entry in self._state["documents"].items()}

    def made_from(self, document: str) -> str | None:
        """What a document was made from when it was indexed; None if there is none of this name."""
        entry = self._state["documents"].get(document)
        return str(entry[0]) if entry else None

    def find_row(self, page_id: str) -> int:
        """The row of a page that counts; KeyError of an id that no page has."""
        document, number = split_id(page_id)
        first, last = self._find(document)
        rows = first + np.flatnonzero(self._numbers[first:last] == number)
        if not len(rows):
            raise KeyError(page_id)
        return int(rows[0])

    def name(self, row: int) -> str:
        """The id of a page."""
        _, document = self._places[bisect.bisect_right(self._places, (row, "\U0010ffff")) - 1]
        return f"{document}/{self._numbers[row]}"

    def text(self, row: int) -> str:
        """The text of a page."""
        segment = bisect.bisect_right(self._firsts, row) - 1
        return self._texts[segment][row - self._firsts[segment]]

    def _compare(self, query: str, window: Vectors, rows: Rows) -> Compared:
        """Pages with each other."""
        scores = standardise(self._words.score_rows(query, rows)) + standardise(self._match(rows, window))
        return Compared(rows, scores, float(scores.min(initial=0.0)))

    def _compare_all(self, query: str, window: Vectors, near: Rows) -> Compared:
        """The pages that either view finds, by what is usual among all; where pages are few, all with each other."""
        if self._vectors is None:
            return self._compare(query, window, np.flatnonzero(self._alive))
        words = self._words.find(query, CANDIDATES, near)
        sample = best_of(self._usual_vectors @ window, self._usual_sizes)
        usual = measure_usual(sample)
        scores = standardise(words.scores, words.usual) + standardise(self._match(words.rows, window), usual)
        lowest = float((standardise(words.sample, words.usual) + standardise(sample)).min())
        return Compared(words.rows, scores, min(lowest, float(scores.min(initial=0.0))))

    def _find_near(self, encoded: Sequence[Encoding]) -> list[Rows]:
        """Rows of the pages whose windows are closest to each query; none where all are compared."""
        if self._vectors is None:
            return [np.zeros(0, np.int64)] * len(encoded)
        windows = np.stack([one.windows[0] for one in encoded])
        return find_pages(self._vectors, windows, WINDOWS_FOUND, CANDIDATES)

    def _match(self, rows: Rows, window: Vectors) -> Vectors:
        """The product of a query with each page's best window."""
        best = np.zeros(len(rows), np.float32)
        for file, first, last in zip(self._windows, self._firsts, self._firsts[1:], strict=False):
            inside = np.flatnonzero((rows >= first) & (rows < last))
            vectors, sizes = file.take(rows[inside] - first)
            best[inside] = best_of(vectors @ window, sizes)
        return best

    def _find(self, document: str) -> tuple[int, int]:
        entry = self._state["documents"].get(document)
        return (entry[1], entry[2]) if entry else (0, 0)

    def _write_segment(self, names: Sequence[str], made_from: Mapping[str, str], read: Read) -> None:
        """Write documents; they count once the state is stored."""
        number, first = str(self._state["updates"]), sum(self._state["segments"].values())
        places = write_segment(self.folder / number, names, read)
        for name, (start, end) in places.items():
            self._state["documents"][name] = [made_from[name], first + start, first + end]
        self._state["segments"][number] = max(end for _, end in places.values())

    def _store(self, dead: Rows) -> None:
        """Bring the vectors' index up to date; then the new state takes the old one's place in one step."""
        files = [WindowFile(self.folder / name, self._dimension) for name in self._state["segments"]]
        firsts = np.cumsum([0, *self._state["segments"].values()]).tolist()
        alive = self._count(firsts[-1])
        total, trained = sum(len(file.vectors) for file in files), self._state["trained"]
        before, self._state["vectors"] = self._state["vectors"], ""
        if total >= APPROXIMATE_FROM:
            known = len(self._alive) if before and total < 4 * trained else 0
            every = [file.vectors for file in files]
            index = read_index(self.folder / before) if known else train_index(every, self._dimension)
            if known and len(dead):
                index.remove_ids(dead)
            for file, first in zip(files, firsts, strict=False):
                rows = np.flatnonzero(alive[first : first + len(file.bounds) - 1])
                add_windows(index, file, rows[rows + first >= known], first)
            self._state.update(vectors=f"vectors{self._state['updates']}", trained=trained if known else total)
            with replacing(self.folder / self._state["vectors"]) as temporary:
                require("faiss", extra="scale").write_index(index, str(temporary))
        write_text(self.folder / "index.json", json.dumps(self._state))
        clear(self.folder, self._state)

    def _count(self, pages: int) -> npt.NDArray[np.bool_]:
        alive = np.zeros(pages, bool)
        for _, start, end in self._state["documents"].values():
            alive[start:end] = True
        return alive

    def _open(self) -> None:
        self._state = read_state(self.folder / "index.json")
        folders = [self.folder / name for name in self._state["segments"]]
        self._firsts = np.cumsum([0, *self._state["segments"].values()]).tolist()
        self._alive = self._count(self._firsts[-1])
        rows = np.flatnonzero(self._alive)
        usual = np.sort(np.random.default_rng(0).choice(rows, min(USUAL_PAGES, len(rows)), replace=False))
        self._places = sorted((entry[1], name) for name, entry in self._state["documents"].items())
        try:
            self._windows = [WindowFile(folder, self._dimension) for folder in folders]
            numbers = [np.fromfile(folder / "numbers", np.uint32) for folder in folders]
            self._numbers = np.concatenate([np.zeros(0, np.uint32), *numbers])
            self._texts = [TextFile(folder) for folder in folders]
            self._words = WordIndex(folders, self._alive, usual)
            path = self._state["vectors"]
            self._vectors = map_index(self.folder / path) if path else None
        except (OSError, ValueError, RuntimeError) as error:
            raise UserError(f"the index in {self.folder} is damaged: delete the folder and ask again") from error
        taken = [
            file.take(usual[(usual >= first) & (usual < last)] - first)
            for file, first, last in zip(self._windows, self._firsts, self._firsts[1:], strict=False)
        ]
        self._usual_vectors = np.concatenate([np.zeros((0, self._dimension), np.float32), *(own for own, _ in taken)])
        self._usual_sizes = np.concatenate([np.zeros(0, np.int64), *(sizes for _, sizes in taken)])
