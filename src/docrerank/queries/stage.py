"""The `generate` stage: the queries of each document, one part per document."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable
from typing import Any

from docrerank.queries.write import write_document
from docrerank.recipe import fingerprint
from docrerank.records import Rejected
from docrerank.runs import Run, ShardFailure, map_shards

STAGE = "generate"
STAGE_VERSION = 1
SECONDS_PER_DOCUMENT = 1800.0


def generate(run: Run, progress: Callable[[int, int], None] = lambda done, total: None) -> dict[str, Any]:
    """Write the queries of every document whose part is missing or was made from something else.

    Args:
        run: a run whose pages are ingested.
        progress: called with (documents done, documents in all).

    Returns:
        Counts of the stage, as they stand in `run.json`.
    """
    documents = run.pages.names()
    todo = [name for name in documents if not run.queries.is_done(name, made_from(run, name))]
    for parts in (run.queries, run.verdicts, run.rejected(STAGE)):
        parts.keep_only(documents)
    if not todo:
        return {**count(run), "documents_redone": 0}
    with run.manifest.stage(STAGE) as counts:
        _write(run, todo, lambda done: progress(len(documents) - len(todo) + done, len(documents)))
        counts.update(count(run), documents=len(documents), documents_redone=len(todo))
    return counts


def _write(run: Run, documents: list[str], progress: Callable[[int], None]) -> None:
    work = functools.partial(_generate_one, run)
    results = map_shards(work, documents, run.recipe.workers, SECONDS_PER_DOCUMENT)
    for done, (name, result) in enumerate(results, 1):
        if isinstance(result, ShardFailure):
            _reject_document(run, name, result)
        progress(done)


def made_from(run: Run, document: str) -> str:
    """Fingerprint of all that a document's queries depend on."""
    return fingerprint(STAGE, STAGE_VERSION, run.pages.made_from(document), run.recipe.generate, run.recipe.seed)


def count(run: Run) -> dict[str, Any]:
    """How many queries of each kind and property there are, and why others were left out."""
    kinds: Counter[str] = Counter()
    properties: Counter[str] = Counter()
    for query in run.queries.read():
        kinds[query.kind] += 1
        properties[query.property] += query.kind == "hard_negative"
    reasons = Counter(row.reason for row in run.rejected(STAGE).read())
    del properties[""]
    return {**kinds, "negatives_by_property": dict(properties.most_common()), "rejected": dict(reasons.most_common())}


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
