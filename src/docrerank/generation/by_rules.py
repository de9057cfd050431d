"""Generation without any model: one document is one shard, written in a worker process."""

from __future__ import annotations

import functools
from collections.abc import Callable

from docrerank.generation.origin import STAGE, made_from
from docrerank.queries import write_document
from docrerank.records import Rejected
from docrerank.runs import Run, ShardFailure, map_shards

SECONDS_PER_DOCUMENT = 1800.0


def write_by_rules(run: Run, documents: list[str], progress: Callable[[int], None]) -> None:
    """Write the queries of documents; `progress` is called with how many are done."""
    work = functools.partial(_generate_one, run)
    results = map_shards(work, documents, run.recipe.workers, SECONDS_PER_DOCUMENT)
    for done, (name, result) in enumerate(results, 1):
        if isinstance(result, ShardFailure):
            _reject_document(run, name, result)
        progress(done)


def _generate_one(run: Run, document: str) -> int:
    """In a worker: write one document's three parts, the queries' marker last."""
    written = write_document(list(run.pages.read(document)), run.recipe.generate, run.recipe.seed)
    origin = made_from(run, document)
    run.rejected(STAGE).write(document, written.rejected, origin)
    run.verdicts.write(document, written.verdicts, origin)
    return run.queries.write(document, written.queries, origin)


def _reject_document(run: Run, document: str, failure: ShardFailure) -> None:
    origin = made_from(run, document)
    run.rejected(STAGE).write(document, [Rejected(STAGE, document, failure.reason, failure.detail)], origin)
    run.verdicts.write(document, [], origin)
    run.queries.write(document, [], origin)
