"""A run's first stage, in memory or on disk, and the one search of the command line and the server."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from docrerank.recipe import fingerprint
from docrerank.records import Page, UserError
from docrerank.retrieval.encoder import PageEncoder, Vectors
from docrerank.retrieval.first_stage import Candidates, FirstStage
from docrerank.retrieval.large_pages import INDEX, LOCK, MARKER, VERSION, LargePages, write_pages
from docrerank.retrieval.page_store import ENCODINGS, PageStore
from docrerank.runs import Run, pull, take_turns

#: From so many pages on a run's first stage is on disk; fewer are held in memory.
LARGE = 20_000


def is_large(run: Run, late: bool = False) -> bool:
    """Whether a run's first stage is kept on disk; one of late interaction is always held in memory."""
    return not late and run.count_pages() >= LARGE


def index_in_memory(run: Run, store: PageStore, boxes: bool = False) -> tuple[int, FirstStage]:
    """How many pages had to be encoded, and the first stage over all, which keeps word boxes only if asked to."""
    encoded, pages, windows = 0, [], []
    for name in run.pages.names():
        own = list(run.pages.read(name))
        encoded += store.fill(own)
        windows += store.read_windows(own)
        pages += own if boxes else [replace(page, boxes=page.boxes[:0].copy()) for page in own]
    return encoded, FirstStage(pages, windows)


def find_index(run: Run, encoder: str) -> Path:
    """The folder of the index over a run's pages as they are now, for an encoder's fingerprint."""
    pages = [[name, run.pages.made_from(name)] for name in run.pages.names()]
    return run.path / INDEX / encoder / fingerprint(VERSION, pages)


def open_index(run: Run, store: PageStore) -> tuple[int, LargePages]:
    """How many pages had to be encoded, and the run's first stage on disk, made anew if a page is new or changed.

    Processes that open one run's take turns: the first makes it, the others find it so.

    Args:
        run: its pages.
        store: of the untrained encoder, whose windows are indexed.
    """
    encoded = 0

    def read(document: str) -> tuple[list[Page], list[Vectors]]:
        nonlocal encoded
        pages = list(run.pages.read(document))
        encoded += store.fill(pages)
        return pages, store.read_windows(pages)

    pull(run.path, INDEX)
    folder, dimension = find_index(run, store.encoder.fingerprint), store.encoder.dimension
    with take_turns(run.path / INDEX / LOCK):
        if not (folder / MARKER).is_file():
            shutil.rmtree(folder.parent, ignore_errors=True)  # of pages as they were
            write_pages(folder, {name: run.pages.made_from(name) or "" for name in run.pages.names()}, read, dimension)
        return encoded, LargePages(run, folder, dimension)


@dataclass(frozen=True, slots=True)
class Search:
    """The first stage over some pages.

    Attributes:
        pages: found by a query or by id; in memory, or on disk where they are many.
        encoder: encodes questions, and has encoded the pages' windows.
    """

    pages: FirstStage | LargePages
    encoder: PageEncoder

    @classmethod
    def open(cls, run: Run, encoder: PageEncoder) -> Search:
        """Search a run's pages, those that are new or changed being encoded first.

        Raises:
            UserError: the run has no pages yet.
        """
        check_pages(run)
        store = PageStore(run.path / ENCODINGS, encoder)
        if is_large(run, encoder.late):
            return cls(open_index(run, store)[1], encoder)
        return cls(index_in_memory(run, store, boxes=True)[1], encoder)

    def find(self, question: str, k: int, document: str | None = None) -> Candidates:
        """The best `k` pages, of one document if it is named; none for an unknown one."""
        return self.pages.find(question, self.encoder.encode_queries([question])[0], k, document)


def check_pages(run: Run) -> None:
    """Refuse a run without pages.

    Raises:
        UserError: it has none yet.
    """
    if not run.count_pages():
        raise UserError(f"'{run.path}' has no pages yet: docrerank ingest PDFS... --out {run.path}")
