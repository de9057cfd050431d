"""One system over one collection: its order of every question's candidates, how long it took, what it read."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from docrerank.benchmark import Collection, take_top
from docrerank.evaluation.suite.candidates import Candidates, slug
from docrerank.evaluation.suite.scorers import UNREADABLE
from docrerank.evaluation.suite.systems import System
from docrerank.recipe import fingerprint
from docrerank.runs import write_text

#: Raised when the same model and candidates would give other numbers than before.
VERSION = 1
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Measured:
    """What one system made of a collection.

    Attributes:
        name: of the system.
        trained: whether it learned from data that this project made.
        ranking: query id to page id to score, best first.
        milliseconds: query id to the time it took; empty if not timed. A page's first question pays for reading it.
        tokens: query id to the tokens of its pairs; empty if it reads none.
        unreadable: pairs without a score.
        made_from: fingerprint of system, collection and candidates.
        extra: what else is known, such as mteb's own scores.
    """

    name: str
    trained: bool
    ranking: dict[str, dict[str, float]] = field(repr=False)
    milliseconds: Mapping[str, float] = field(default_factory=dict, repr=False)
    tokens: Mapping[str, int] = field(default_factory=dict, repr=False)
    unreadable: int = 0
    made_from: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)

    def median_milliseconds(self) -> float | None:
        """The median time of a question."""
        return median(self.milliseconds.values()) if self.milliseconds else None

    def mean_tokens(self) -> float | None:
        """Tokens of a question's pairs on average; None if the system reads none."""
        total = sum(self.tokens.values())
        return total / len(self.tokens) if total else None


def measure(
    collection: Collection,
    system: System,
    candidates: Candidates,
    folder: Path,
    progress: Progress = lambda done, total: None,
) -> Measured:
    """Order every question's candidates, one question at a time; kept in `<folder>/results/` and reused.

    Args:
        collection: the questions.
        system: what orders.
        candidates: the pages of each question.
        folder: of the evaluation.
    """
    made_from = fingerprint("measured", VERSION, collection.fingerprint(), candidates.version, system.version)
    path = folder / "results" / f"{slug(collection.name)}--{slug(system.name)}.json"
    if (known := read_measured(path)) and known.made_from == made_from:
        return known
    found = replace(measure_all(collection, system, candidates, progress), made_from=made_from)
    write_measured(path, found)
    return found


def measure_all(
    collection: Collection,
    system: System,
    candidates: Candidates,
    progress: Progress = lambda done, total: None,
) -> Measured:
    """As `measure`, without keeping anything."""
    ranking, times, tokens, unreadable = {}, {}, {}, 0
    for done, query in enumerate(collection.queries):
        ids = list(candidates.pages[query.id])
        if ids:
            started = time.perf_counter()
            scores = system.score(query, ids)
            times[query.id] = 1000 * (time.perf_counter() - started)
            tokens[query.id] = system.count_tokens(query, ids)
            unreadable += int(np.count_nonzero(scores <= UNREADABLE))
        ranking[query.id] = take_top(scores, ids) if ids else {}
        progress(done + 1, len(collection.queries))
    return Measured(system.name, system.trained, ranking, times, tokens, unreadable)


def measure_order(candidates: Candidates) -> Measured:
    """The candidates as they came: what a reranker must improve."""
    return Measured(f"first stage: {candidates.stage}", False, candidates.pages, made_from=candidates.version)


def write_measured(path: Path, found: Measured) -> None:
    """Keep what was measured."""
    content = {
        "name": found.name,
        "trained": found.trained,
        "made_from": found.made_from,
        "unreadable": found.unreadable,
        "ms_per_query": found.median_milliseconds(),
        "tokens_per_query": found.mean_tokens(),
        "extra": dict(found.extra),
        "milliseconds": dict(found.milliseconds),
        "tokens": dict(found.tokens),
        "ranking": found.ranking,
    }
    write_text(path, json.dumps(content) + "\n")


def read_measured(path: Path) -> Measured | None:
    """What was measured before, if the file is there and whole."""
    try:
        content = json.loads(path.read_text("utf-8"))
        return Measured(
            content["name"],
            content["trained"],
            content["ranking"],
            content["milliseconds"],
            content["tokens"],
            content["unreadable"],
            content["made_from"],
            content["extra"],
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
