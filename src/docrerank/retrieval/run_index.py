"""A run's first stage: over few pages in memory, over many on disk, brought up to date by whoever opens it."""

from __future__ import annotations

import json
from dataclasses import replace

from docrerank.records import Page
from docrerank.retrieval.encoder import Vectors
from docrerank.retrieval.first_stage import FirstStage
from docrerank.retrieval.large_stage import LargeFirstStage
from docrerank.retrieval.page_store import PageStore
from docrerank.runs import Run, pull, take_turns, write_text

#: From so many pages on a run's first stage is on disk; fewer are held in memory.
LARGE = 20_000
#: Folder of a run that holds the first stage over its pages where they are many.
INDEX = "index"
#: In it: held by the process that changes the index or fills a store.
LOCK = ".lock"
#: Beside an encoder's encodings: the documents that are encoded whole, each with what it was made from.
FILLED = "filled.json"


def is_large(run: Run, late: bool = False) -> bool:
    """Whether a run's first stage is kept on disk; one of late interaction is always held in memory."""
    return not late and sum(run.pages.count(name) for name in run.pages.names()) >= LARGE


def index_in_memory(run: Run, store: PageStore, boxes: bool = False) -> tuple[int, FirstStage]:
    """How many pages had to be encoded, and the first stage over all, which keeps word boxes only if asked to."""
    encoded, pages, windows = 0, [], []
    for name in run.pages.names():
        own = list(run.pages.read(name))
        encoded += store.fill(own)
        windows += store.read_windows(own)
        pages += own if boxes else [replace(page, boxes=page.boxes[:0].copy()) for page in own]
    return encoded, FirstStage(pages, windows)


def open_index(run: Run, store: PageStore) -> tuple[int, LargeFirstStage]:
    """How many pages had to be encoded, and the run's first stage on disk, with what is new or changed.

    Processes that open one run's take turns: the first brings it up to date, the others find it so.

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
    with take_turns(run.path / INDEX / LOCK):
        first = LargeFirstStage(run.path / INDEX / store.encoder.fingerprint, store.encoder.dimension)
        first.update({name: run.pages.made_from(name) or "" for name in run.pages.names()}, read)
    return encoded, first


def fill_store(run: Run, store: PageStore) -> None:
    """Encode a large run's documents that are new or changed since this store was last filled; processes take turns.

    Args:
        run: its pages; none is read if nothing has changed.
        store: of any encoder.
    """
    wanted = {name: run.pages.made_from(name) for name in run.pages.names()}
    note = store.folder / FILLED
    with take_turns(run.path / INDEX / LOCK):
        known = json.loads(note.read_text("utf-8")) if note.is_file() else {}
        for name in wanted:
            if known.get(name) != wanted[name]:
                store.fill(run.pages.read(name))
        if known != wanted:
            write_text(note, json.dumps(wanted))
