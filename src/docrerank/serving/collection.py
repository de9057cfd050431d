"""The run's pages as a server opens them: with a first stage over them, or by id alone where no model is served."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

import numpy as np

from docrerank.records import Page, UserError
from docrerank.reranker import choose_windows, open_first
from docrerank.retrieval import (
    Encoding,
    FirstStage,
    LargePages,
    Search,
    TokenEncoder,
    Vectors,
    check_pages,
    is_large,
)
from docrerank.runs import Run
from docrerank.serving.stored_reranker import QueryMemory

logger = logging.getLogger("docrerank.serving")

#: Pages encoded at once; an upload lets the queue in between.
STEP = 8


def open_search(run: Run) -> Search:
    """Search a run's pages as the command line does; if the disk refuses their encodings, those stay in memory.

    Raises:
        UserError: the run has no pages yet, or many pages and an index that cannot be used.
    """
    check_pages(run)
    first = open_first(run, choose_windows(run))
    encoder = QueryMemory(first) if type(first) is TokenEncoder else first
    try:
        return Search.open(run, encoder)
    except (UserError, OSError) as error:
        if is_large(run):
            raise
        logger.warning("page store not filled", extra={"reason": str(error)})
    pages = list(run.pages.read())
    return Search(FirstStage(pages, encode_windows(pages, encoder.read)), encoder)


def open_pages(run: Run | None, search: Search | None) -> FirstStage | LargePages:
    """The pages that requests name by id: those that are searched, or all of the run's.

    Raises:
        UserError: the run has no pages yet.
    """
    if search or run is None:
        return search.pages if search else FirstStage([])
    check_pages(run)
    return FirstStage(list(run.pages.read()))


def encode_windows(pages: Sequence[Page], encode: Callable[[Sequence[Page]], list[Encoding]]) -> list[Vectors]:
    """The window vectors of each page, (w, d) float16; the encodings that they are part of are not kept."""
    windows: list[Vectors] = []
    for start in range(0, len(pages), STEP):
        encodings = encode(pages[start : start + STEP])
        windows += [np.asarray(encoding.windows, np.float16) for encoding in encodings]
    return windows
