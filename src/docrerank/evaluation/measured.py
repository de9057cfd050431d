"""What one system made of a benchmark: its order of every question's pages, how long it took, what it read."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

from docrerank.evaluation.benchmark import BenchmarkQuery, Collection, take_top
from docrerank.evaluation.find_candidates import Candidates, slug
from docrerank.evaluation.scorers import UNREADABLE
from docrerank.evaluation.systems import System, ignore
from docrerank.recipe import fingerprint
from docrerank.retrieval import measure_relevance
from docrerank.runs import Journal, Progress, read_json, write_text

#: Raised when the same system and candidates would give other numbers than before.
VERSION = 4
#: Pages of a ranking among which a question's names are looked for.
RELEVANCE_PAGES = 20


@dataclass(frozen=True, slots=True)
class Measured:
    """What one system made of a collection.

    Attributes:
        name: of the system.
        trained: whether it learned from data that this project made.
        ranking: query id to page id to score, best first.
        milliseconds: query id to the time it took; may lack queries.
        relevance: query id to how far the pages answer it, 0 to 1; empty for systems that do not say.
        made_from: fingerprint of system, collection and candidates.
    """

    name: str
    trained: bool
    ranking: dict[str, dict[str, float]] = field(repr=False)
    milliseconds: Mapping[str, float] = field(default_factory=dict, repr=False)
    relevance: Mapping[str, float] = field(default_factory=dict, repr=False)
    made_from: str = ""

    def keep(self, queries: Iterable[str]) -> Measured:
        """What the system made of some of the questions."""
        asked = set(queries)

        def take(found: Mapping[str, Any]) -> dict[str, Any]:
            return {query: value for query, value in found.items() if query in asked}

        return replace(
            self,
            ranking=take(self.ranking),
            milliseconds=take(self.milliseconds),
            relevance=take(self.relevance),
        )

    def median_milliseconds(self) -> float | None:
        """The median time of a question; a machine's other work disturbs a mean."""
        return median(self.milliseconds.values()) if self.milliseconds else None

    def count_unreadable(self) -> int:
        """Pairs without a score, among those that are kept."""
        return sum(score <= UNREADABLE for pages in self.ranking.values() for score in pages.values())


def measure(
    system: System, collection: Collection, candidates: Candidates, folder: Path, progress: Progress = ignore
) -> Measured:
    """Let a system order every question's candidates.

    The result of a system with a version is kept in `<folder>/results/` and reused. What a model made of some pages is
    kept as it comes, so that a killed measurement goes on where it was.
    """
    if not system.version:
        system.prepare(candidates.pages, progress=progress)
        return _order(system, collection, candidates)
    made_from = fingerprint("measured", VERSION, collection.fingerprint(), candidates.version, system.version)
    path = folder / "results" / f"{slug(collection.name)}--{slug(system.name)}.json"
    if (known := _read(path, made_from)) is not None:
        return known
    unfinished = path.with_suffix(".jsonl")
    system.prepare(candidates.pages, Journal(unfinished, made_from), progress)
    found = replace(_order(system, collection, candidates), made_from=made_from)
    write_text(path, json.dumps({**asdict(found), "ms_per_query": found.median_milliseconds()}) + "\n")
    unfinished.unlink(missing_ok=True)
    return found


def measure_order(candidates: Candidates) -> Measured:
    """The candidates as they came: what a reranker must improve."""
    return Measured(f"first stage: {candidates.stage}", False, candidates.pages, made_from=candidates.version)


def _order(system: System, collection: Collection, candidates: Candidates) -> Measured:
    ranking: dict[str, dict[str, float]] = {}
    times, relevance = dict[str, float](), dict[str, float]()
    for query in collection.queries:
        ids = list(candidates.pages[query.id])
        ranking[query.id] = {}
        if ids:
            started = time.perf_counter()
            found = system.score(query, ids)
            ranking[query.id] = take_top(found.values, ids)
            times[query.id] = 1000 * (time.perf_counter() - started + found.seconds)
        if collection.benchmark.unanswerable():
            relevance |= _find_relevance(system, collection, query, ranking[query.id])
    relevance = {query.id: relevance.get(query.id, 0.0) for query in collection.queries} if relevance else {}
    return Measured(system.name, system.trained, ranking, times, relevance)


def _find_relevance(
    system: System, collection: Collection, query: BenchmarkQuery, ranking: Mapping[str, float]
) -> dict[str, float]:
    """Whether the best pages answer, as a search says it; empty if the system does not say."""
    best = list(islice(ranking, RELEVANCE_PAGES))
    if not best or (probability := system.estimate(query, best[0])) is None:
        return {}
    texts = [collection.source.text(page) for page in best]
    return {query.id: measure_relevance(query.text, texts, probability)}


def _read(path: Path, made_from: str) -> Measured | None:
    """What was measured before, if the file is there and whole and made from the same."""
    content = read_json(path)
    if content.get("made_from") != made_from:
        return None
    return Measured(**{name: content[name] for name in Measured.__dataclass_fields__ if name in content})
