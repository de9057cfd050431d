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

from docrerank.evaluation.benchmark import Collection, take_top
from docrerank.evaluation.candidates import Candidates, slug
from docrerank.evaluation.page_scores import score_pairs
from docrerank.evaluation.scorers import UNREADABLE, TextScorer
from docrerank.evaluation.systems import Baseline, OpenModel, System
from docrerank.recipe import fingerprint
from docrerank.runs import Journal, Progress, write_text

#: Raised when the same model and candidates would give other numbers than before.
VERSION = 2


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
    """Order every question's candidates; kept in `<folder>/results/` and reused.

    What a model made of some pages is kept as it comes, so that a killed measurement goes on where it was.

    Args:
        collection: the questions.
        system: what orders.
        candidates: the pages of each question.
        folder: of the evaluation.
        progress: called with (steps done, steps in all).
    """
    made_from = fingerprint("measured", VERSION, collection.fingerprint(), candidates.version, system.version)
    path = name_file(collection.name, system.name, folder)
    pages = path.with_suffix(".jsonl")
    if (known := read_measured(path, made_from)) is not None:
        return known
    if isinstance(system, Baseline):
        found = _measure_baseline(collection, system, candidates, progress)
    else:
        found = _measure_model(collection, system, candidates, Journal(pages, made_from), progress)
    found = replace(found, made_from=made_from)
    write_measured(path, found)
    pages.unlink(missing_ok=True)
    return found


def _measure_baseline(
    collection: Collection, system: Baseline, candidates: Candidates, progress: Progress
) -> Measured:
    ranking, times = {}, {}
    for done, query in enumerate(collection.queries):
        ids = list(candidates.pages[query.id])
        started = time.perf_counter()
        ranking[query.id] = take_top(system.score(query, ids), ids) if ids else {}
        times[query.id] = 1000 * (time.perf_counter() - started)
        progress(done + 1, len(collection.queries))
    return Measured(system.name, False, ranking, times)


def _measure_model(
    collection: Collection, model: OpenModel, candidates: Candidates, journal: Journal, progress: Progress
) -> Measured:
    """Scores come page by page; a question's candidates are put in order when all of them are there."""
    pairs = score_pairs(collection, model, candidates.pages, journal, progress)
    ranking, times, tokens, unreadable = {}, {}, {}, 0
    for query in collection.queries:
        ids = list(candidates.pages[query.id])
        own = [pairs[query.id, page] for page in ids]
        if own:
            started = time.perf_counter()
            values = np.array([pair.values for pair in own], np.float32)
            scores = values[:, 0]
            if isinstance(model.scorer, TextScorer) and values.shape[1] > 1:
                scores = model.scorer.combine(query.text, [model.read(page) for page in ids], values)
            spent = time.perf_counter() - started + sum(pair.seconds for pair in own)
            times[query.id] = 1000 * spent
            tokens[query.id] = model.scorer.count_query(query.text) + sum(pair.tokens for pair in own)
            unreadable += int(np.count_nonzero(scores <= UNREADABLE))
        ranking[query.id] = take_top(scores, ids) if own else {}
    return Measured(model.name, model.trained, ranking, times, tokens, unreadable=unreadable)


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
