"""The `mine` stage: wrong pages for every positive, over all pages of the run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

from docrerank.encoding import ENCODINGS, PageStore, Vectors, encode_ahead, load_untrained, window_settings
from docrerank.mining.candidates import Miner
from docrerank.mining.first_stage import FirstStage
from docrerank.mining.large_stage import LARGE, LargeFirstStage
from docrerank.recipe import fingerprint
from docrerank.records import MinedPage, Page, Query
from docrerank.runs import Progress, Run, take_turns, write_text

STAGE = "mine"
STAGE_VERSION = 3
#: The one part: a page's negatives may stand in any document, so the part depends on all of them.
PART = "corpus"
QUERIES_AT_ONCE = 256
#: Folder of a run that holds the first stage over its pages where they are many.
INDEX = "index"
#: In it: held by the process that changes the index or fills a store.
LOCK = ".lock"
#: Beside an encoder's encodings: the documents that are encoded whole, each with what it was made from.
FILLED = "filled.json"


def mine(run: Run, progress: Progress = lambda done, total: None) -> dict[str, Any]:
    """Find each positive's mined negatives; does nothing if they were found from the same pages, queries and recipe.

    Args:
        run: a run whose pages are ingested and whose queries are generated.
        progress: called with (queries done, queries in all).

    Returns:
        Counts of the stage, as they stand in `run.json`.
    """
    if run.mined.is_done(PART, made_from(run)):
        return {"mined": sum(1 for _ in run.mined.read(PART)), "redone": 0}
    with run.manifest.stage(STAGE) as counts:
        counts.update(queries=_count_positives(run), queries_with_none=0)
        rows = _mine_all(run, counts, progress) if counts["queries"] else iter(())
        counts.update(mined=run.mined.write(PART, rows, made_from(run)), redone=counts["queries"])
    return counts


def _mine_all(run: Run, counts: dict[str, Any], progress: Progress) -> Iterator[MinedPage]:
    """The negatives of every positive, in the order of the positives' ids; `counts` is filled on the way."""
    encoder = load_untrained(window_settings(run))
    ahead = encode_ahead(run, encoder, dict.fromkeys(run.pages.names(), run.path))
    index = open_index if is_large(run) else _index
    counts["pages_encoded"], first = index(run, PageStore(run.path / ENCODINGS, encoder))
    counts["pages_encoded"] += ahead
    miner, done = Miner(first, run.recipe.mine), 0
    for batch in _batches(_read_positives(run)):
        progress(done, counts["queries"])
        for rows in miner.mine(batch, encoder.encode_queries([query.text for query in batch])):
            counts["queries_with_none"] += not rows
            yield from rows
        done += len(batch)
    progress(done, counts["queries"])
    counts["excluded"] = dict(miner.excluded.most_common())


def _index(run: Run, store: PageStore) -> tuple[int, FirstStage]:
    """How many pages had to be encoded, and the first stage over all; word boxes are let go of once that is done."""
    encoded, pages, windows = 0, [], []
    for name in run.pages.names():
        own = list(run.pages.read(name))
        encoded += store.fill(own)
        windows += store.read_windows(own)
        pages += [replace(page, boxes=page.boxes[:0].copy()) for page in own]
    return encoded, FirstStage(pages, windows)


def is_large(run: Run) -> bool:
    """Whether a run's first stage is kept on disk."""
    return sum(run.pages.count(name) for name in run.pages.names()) >= LARGE


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


def _count_positives(run: Run) -> int:
    return sum(kind == "positive" for kind in run.queries.column("kind"))


def _read_positives(run: Run) -> Iterator[Query]:
    """By id; those of one document are held at once."""
    for name in sorted(run.queries.names(), key=lambda name: f"{name}/"):
        own = (query for query in run.queries.read(name) if query.kind == "positive")
        yield from sorted(own, key=lambda query: query.id)


def made_from(run: Run) -> str:
    """Fingerprint of all that the mined pages depend on."""
    pages = [run.pages.made_from(name) for name in run.pages.names()]
    queries = [run.queries.made_from(name) for name in run.queries.names()]
    windows = [run.recipe.train.window_tokens, run.recipe.train.window_overlap, run.recipe.train.context_tokens]
    return fingerprint(STAGE, STAGE_VERSION, run.recipe.mine, windows, pages, queries)


def _batches(queries: Iterator[Query]) -> Iterator[list[Query]]:
    while batch := list(islice(queries, QUERIES_AT_ONCE)):
        yield batch
