"""Mining in shards: the positives of some documents, against all pages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from pathlib import Path

from docrerank.mining.candidates import Miner
from docrerank.recipe import fingerprint
from docrerank.records import MinedPage, Query
from docrerank.reranker import fingerprint_first
from docrerank.retrieval import EncoderElsewhere, FirstStage, LargePages, PageEncoder
from docrerank.retrieval.large_pages import INDEX
from docrerank.runs import Run, pack, pull
from docrerank.vision import PageEmbedder

STAGE_VERSION = 4
#: Queries of a shard, negatives and rephrasings counted too: some seconds of work, lost if its process is killed.
QUERIES_PER_SHARD = 4_096
QUERIES_AT_ONCE = 256


@dataclass(frozen=True, slots=True)
class MineShard:
    """Documents whose positives are mined together.

    Attributes:
        name: of the part.
        documents: in the order of their queries' ids.
        queries: how many they have, of all kinds.
        made_from: fingerprint of all pages and of these queries.
    """

    name: str
    documents: tuple[str, ...]
    queries: int
    made_from: str


@dataclass(frozen=True, slots=True)
class ShardCounts:
    """What a shard came to: its positives, and why candidates were left out."""

    queries: int
    excluded: Counter[str] = field(default_factory=Counter)


def list_shards(run: Run) -> list[MineShard]:
    """All that there is to mine; at least one shard, empty if there are no queries."""
    names = sorted(run.queries.names(), key=lambda name: f"{name}/")
    sizes = [run.queries.count(name) for name in names]
    packed = pack(dict(enumerate(names)), sizes, QUERIES_PER_SHARD) or [{}]
    windows = [run.recipe.train.window_tokens, run.recipe.train.window_overlap, run.recipe.train.context_tokens]
    made_from = [run.recipe.mine, windows, fingerprint_pages(run), *fingerprint_first(run)]
    common = fingerprint("mine", STAGE_VERSION, *made_from)
    return [
        MineShard(
            f"{number:06}",
            tuple(own.values()),
            sum(sizes[place] for place in own),
            fingerprint(common, [[name, run.queries.made_from(name)] for name in own.values()]),
        )
        for number, own in enumerate(packed)
    ]


def fingerprint_pages(run: Run) -> str:
    """Names all pages of a run and what they were made from."""
    return fingerprint([[name, run.pages.made_from(name)] for name in run.pages.names()])


def mine_shard(
    run: Run,
    shard: MineShard,
    first: FirstStage | LargePages,
    encoder: PageEncoder,
    step: Callable[[int], None] = lambda queries: None,
) -> ShardCounts:
    """Write a shard's part, in the order of its positives' ids.

    Args:
        run: whose it is.
        shard: one of `list_shards`.
        first: over all pages of the run.
        encoder: whose windows it holds.
        step: called with how many positives were mined since the last time.
    """
    miner, done = Miner(first, run.recipe.mine, sees=isinstance(encoder, PageEmbedder)), 0

    def mine_all() -> Iterator[MinedPage]:
        nonlocal done
        for batch in _batches(_read_positives(run, shard.documents)):
            for rows in miner.mine(batch, encoder.encode_queries([query.text for query in batch])):
                yield from rows
            done += len(batch)
            step(len(batch))

    run.mined.write(shard.name, mine_all(), shard.made_from)
    return ShardCounts(done, miner.excluded)


@dataclass(frozen=True, slots=True)
class MineWork:
    """In a worker: mine a shard over the run's index on disk, which is up to date.

    Attributes:
        run: whose it is.
        encoder: of the first stage.
        dimension: numbers in a window's vector.
        index: where the index is in the run's folder; another one after each change of the pages.
    """

    run: Run
    encoder: EncoderElsewhere
    dimension: int
    index: Path

    def __call__(self, shard: MineShard) -> ShardCounts:
        if self.run.mined.is_done(shard.name, shard.made_from):
            return ShardCounts(0)
        return mine_shard(self.run, shard, _open_index(self.run.path, self.index, self.dimension), self.encoder.open())


@lru_cache(maxsize=1)
def _open_index(run: Path, index: Path, dimension: int) -> LargePages:
    pull(run, INDEX)
    return LargePages(Run.open(run), run / index, dimension)


def _read_positives(run: Run, documents: Sequence[str]) -> Iterator[Query]:
    """By id; those of one document are held at once."""
    for name in documents:
        own = (query for query in run.queries.read(name) if query.kind == "positive")
        yield from sorted(own, key=lambda query: query.id)


def _batches(queries: Iterator[Query]) -> Iterator[list[Query]]:
    while batch := list(islice(queries, QUERIES_AT_ONCE)):
        yield batch
