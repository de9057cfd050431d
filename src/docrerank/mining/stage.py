"""The `mine` stage: wrong pages for every positive, over all pages of the run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from docrerank.encoding import ENCODINGS, PageStore, load_untrained, window_settings
from docrerank.mining.candidates import Miner
from docrerank.mining.first_stage import FirstStage
from docrerank.recipe import fingerprint
from docrerank.records import MinedPage, Query
from docrerank.runs import Progress, Run

STAGE = "mine"
STAGE_VERSION = 2
#: The one part: a page's negatives may stand in any document, so the part depends on all of them.
PART = "corpus"
QUERIES_AT_ONCE = 256


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
        queries = sorted(
            (query for query in run.queries.read() if query.kind == "positive"), key=lambda query: query.id
        )
        pages = list(run.pages.read())
        rows: list[MinedPage] = []
        if queries:
            encoder = load_untrained(window_settings(run))
            store = PageStore(run.path / ENCODINGS, encoder)
            counts["pages_encoded"] = store.fill(pages)
            miner = Miner(FirstStage(pages, store.read_windows(pages)), run.recipe.mine)
            for batch in _batches(queries, progress):
                encoded = encoder.encode_queries([query.text for query in batch])
                for query, encoding in zip(batch, encoded, strict=True):
                    rows += miner.mine(query, encoding)
            counts["excluded"] = dict(miner.excluded.most_common())
        run.mined.write(PART, rows, made_from(run))
        counts.update(queries=len(queries), queries_with_none=len(queries) - len({row.query_id for row in rows}))
        counts.update(mined=len(rows), redone=len(queries))
    return counts


def made_from(run: Run) -> str:
    """Fingerprint of all that the mined pages depend on."""
    pages = [run.pages.made_from(name) for name in run.pages.names()]
    queries = [run.queries.made_from(name) for name in run.queries.names()]
    windows = [run.recipe.train.window_tokens, run.recipe.train.window_overlap, run.recipe.train.context_tokens]
    return fingerprint(STAGE, STAGE_VERSION, run.recipe.mine, windows, pages, queries)


def _batches(queries: Sequence[Query], progress: Progress) -> Iterator[Sequence[Query]]:
    for start in range(0, len(queries), QUERIES_AT_ONCE):
        progress(start, len(queries))
        yield queries[start : start + QUERIES_AT_ONCE]
    progress(len(queries), len(queries))
