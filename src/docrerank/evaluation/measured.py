"""What one system made of a benchmark: its order of every question's pages, how long it took, what it read."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from docrerank.benchmark import Collection, take_top
from docrerank.evaluation.candidates import Candidates, slug
from docrerank.evaluation.scorers import UNREADABLE
from docrerank.evaluation.systems import System
from docrerank.recipe import fingerprint
from docrerank.runs import Progress, write_text

#: Raised when the same model and candidates would give other numbers than before.
VERSION = 1


@dataclass(frozen=True, slots=True)
class Measured:
    """What one system made of a collection.

    Attributes:
        name: of the system.
        trained: whether it learned from data that this project made.
        ranking: query id to page id to score, best first.
        milliseconds: query id to the time it took; may lack queries.
        tokens: query id to the tokens of its pairs; empty if it reads none.
        relevance: query id to how far the pages answer it, 0 to 1; empty for systems that do not say.
        unreadable: pairs without a score.
        made_from: fingerprint of system, collection and candidates.
        extra: what else is known, such as mteb's own scores.
    """

    name: str
    trained: bool
    ranking: dict[str, dict[str, float]] = field(repr=False)
    milliseconds: Mapping[str, float] = field(default_factory=dict, repr=False)
    tokens: Mapping[str, int] = field(default_factory=dict, repr=False)
    relevance: Mapping[str, float] = field(default_factory=dict, repr=False)
    unreadable: int = 0
    made_from: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)

    def median_milliseconds(self) -> float | None:
        """The median time of a question; a machine's other work disturbs a mean."""
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
    path = name_file(collection.name, system.name, folder)
    if (known := read_measured(path, made_from)) is not None:
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
    return Measured(system.name, system.trained, ranking, times, tokens, unreadable=unreadable)


def measure_order(candidates: Candidates) -> Measured:
    """The candidates as they came: what a reranker must improve."""
    return Measured(f"first stage: {candidates.stage}", False, candidates.pages, made_from=candidates.version)


def name_file(collection: str, system: str, folder: Path) -> Path:
    """Where a system's results on a collection are kept."""
    return folder / "results" / f"{slug(collection)}--{slug(system)}.json"


def write_measured(path: Path, found: Measured) -> None:
    """Keep what was measured."""
    means = {"ms_per_query": found.median_milliseconds(), "tokens_per_query": found.mean_tokens()}
    write_text(path, json.dumps(asdict(found) | means) + "\n")


def read_measured(path: Path, made_from: str) -> Measured | None:
    """What was measured before, if the file is there and whole and made from the same."""
    try:
        content = json.loads(path.read_text("utf-8"))
        found = Measured(**{name: content[name] for name in Measured.__dataclass_fields__ if name in content})
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if found.made_from == made_from else None
