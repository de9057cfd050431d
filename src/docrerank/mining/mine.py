"""The `mine` stage: wrong pages for every positive, over all pages of the run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Any

from docrerank.mining.shards import MineShard, MineWork, ShardCounts, list_shards, mine_shard
from docrerank.recipe import fingerprint
from docrerank.records import UserError
from docrerank.reranker import open_first
from docrerank.retrieval import (
    ENCODINGS,
    EncoderElsewhere,
    PageEncoder,
    PageStore,
    encode_ahead,
    window_settings,
)
from docrerank.retrieval.run_index import find_index, index_in_memory, is_large, open_index
from docrerank.runs import Progress, Run, ShardFailure, Stage

NAME = "mine"
#: A shard may take so long, and so long for each of its queries.
BASE_SECONDS, SECONDS_PER_QUERY = 1_800.0, 0.5

Step = Callable[[int], None]


def mine(run: Run, progress: Progress = lambda done, total: None) -> dict[str, Any]:
    """Find each positive's mined negatives; does nothing if they were found from the same pages, queries and recipe.

    Over few pages in this process; from 20,000 pages on in the workers of the run's engine, over an index on disk.
    What a killed run has mined is not mined again, as long as no page has changed.

    Args:
        run: a run whose pages are ingested and whose queries are generated.
        progress: called with (positives done, positives to do).

    Returns:
        Counts of the stage, as they stand in `run.json`; reasons why candidates were left out are those of what was
        mined now.

    Raises:
        UserError: workers failed at some shards.
    """
    shards = list_shards(run)
    stage = Stage(run, NAME, {shard.name: shard.made_from for shard in shards}, run.mined)
    names = set(stage.todo())
    todo = [shard for shard in shards if shard.name in names]
    stage.forget_others()
    if not todo:
        return {"mined": _count_mined(run), "redone": 0}
    with stage.record() as counts:
        counts.update(queries=_count_positives(run, shards), redone=_count_positives(run, todo), pages_encoded=0)
        excluded: Counter[str] = Counter()
        for done in _mine_all(stage, todo, counts, progress):
            excluded += done.excluded
        counts.update(mined=_count_mined(run), queries_with_none=counts["queries"] - _count_mined_queries(run))
        counts["excluded"] = dict(excluded.most_common())
    return counts


def made_from(run: Run) -> str:
    """Fingerprint of all that the mined pages depend on."""
    return fingerprint([shard.made_from for shard in list_shards(run)])


def _mine_all(
    stage: Stage, todo: Sequence[MineShard], counts: dict[str, Any], progress: Progress
) -> Iterator[ShardCounts]:
    """Mine shards; nothing is loaded if they have no positives."""
    run, total, done = stage.run, counts["redone"], 0

    def step(queries: int) -> None:
        nonlocal done
        done += queries
        progress(done, total)

    if not total:
        for shard in todo:
            run.mined.write(shard.name, (), shard.made_from)
        return
    encoder = open_first(run, window_settings(run))
    store = PageStore(run.path / ENCODINGS, encoder, run.count_pages())
    counts["pages_encoded"] = encode_ahead(run, encoder, dict.fromkeys(run.pages.names(), run.path))
    step(0)
    if is_large(run, encoder.late):
        counts["pages_encoded"] += open_index(run, store)[0]
        yield from _mine_in_workers(stage, todo, encoder, step)
        return
    encoded, first = index_in_memory(run, store)
    counts["pages_encoded"] += encoded
    yield from (mine_shard(run, shard, first, encoder, step) for shard in todo)


def _mine_in_workers(
    stage: Stage, todo: Sequence[MineShard], encoder: PageEncoder, step: Step
) -> Iterator[ShardCounts]:
    """Each worker opens the index and the encoder once; a failed shard leaves the others done."""
    run = stage.run
    sent, failed = EncoderElsewhere.of(encoder), []
    if sent is None:
        raise UserError("worker processes cannot load this encoder: mine with one that has an `opener`")
    index = find_index(run, encoder.fingerprint).relative_to(run.path)
    work = MineWork(run, sent, encoder.dimension, index)
    seconds = BASE_SECONDS + SECONDS_PER_QUERY * max(shard.queries for shard in todo)
    for _, result in stage.work(work, todo, seconds, lambda shard: float(shard.queries)):
        if isinstance(result, ShardFailure):
            failed.append(f"{result.reason}: {result.detail}")
        else:
            step(result.queries)
            yield result
    if failed:
        raise UserError(
            f"{len(failed)} of {len(todo)} shards were not mined ({failed[0]}): give the same command again"
        )


def _count_positives(run: Run, shards: Sequence[MineShard]) -> int:
    documents = [name for shard in shards for name in shard.documents]
    return sum(kind == "positive" for kind in run.queries.column("kind", *documents)) if documents else 0


def _count_mined_queries(run: Run) -> int:
    """How many positives have mined pages; a query's stand together."""
    return sum(1 for _ in groupby(run.mined.column("query_id")))


def _count_mined(run: Run) -> int:
    return sum(run.mined.count(name) for name in run.mined.names())
