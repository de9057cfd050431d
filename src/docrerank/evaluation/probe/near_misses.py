"""Fine-grained discrimination: on one page, does a model score the positive above each of its near misses?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path

import numpy as np

from docrerank.evaluation.statistics import Interval, bootstrap_mean
from docrerank.evaluation.statistics.resampling import Floats
from docrerank.records import Page, Query, UserError
from docrerank.reranker import Reranker
from docrerank.retrieval import Bm25, read_card
from docrerank.runs import Progress, Run, sort_by_hash, split_run

#: The name that stands for BM25 where a model is asked for.
BM25 = "bm25"
#: What a breakdown is over, and how it is read from a case.
BREAKDOWNS = ("property", "writer", "form")


@dataclass(frozen=True, slots=True)
class Case:
    """A positive and one of its hard negatives, asked of the same page."""

    positive: Query
    negative: Query

    def value(self, breakdown: str) -> str:
        """Its property, writer or form."""
        return str(getattr(self.negative, breakdown)) or "unknown"


@dataclass(frozen=True, slots=True)
class ProbeSet:
    """What models are probed with.

    Attributes:
        pages: by id, those that a case asks of.
        cases: a page's cases stand together.
        part: `dev` if only the pages that the run's training held out, else `all`.
    """

    pages: Mapping[str, Page]
    cases: tuple[Case, ...]
    part: str


@dataclass(frozen=True, slots=True)
class Probed:
    """What one model made of the cases.

    Attributes:
        model: as it was asked for.
        margins: positive's score minus negative's, of shape (cases,), in the model's own unit.
        accuracy: share of cases whose margin is above 0, a tie counting one half; interval over pages.
        breakdowns: by property, writer and form, then by its value: how many cases, and the accuracy.
    """

    model: str
    margins: Floats
    accuracy: Interval
    breakdowns: Mapping[str, Mapping[str, tuple[int, Interval]]]


def find_cases(run: Run, models: Sequence[str], limit: int = 0) -> ProbeSet:
    """Find a run's cases: on its held-out pages if one of the models was trained on the run, else on all pages.

    Args:
        run: its queries are generated.
        models: what will be probed; all get the same cases.
        limit: cases at most, whole pages drawn in an order that looks random; 0 is no limit.

    Raises:
        UserError: the run has no hard negative on these pages.
    """
    kept = find_held_out(run, models)
    part = "all" if kept is None else "dev"
    pages = {page.id: page for page in run.pages.read() if kept is None or page.id in kept}
    cases = pair_queries(run.queries.read(), pages, run.recipe.seed)
    cases = _limit(cases, limit) if limit else cases
    if not cases:
        where = "held-out pages" if part == "dev" else "pages"
        raise UserError(f"no hard negative on the {where} of '{run.path}': generate more, or raise train.dev_share")
    asked = {case.positive.page_id for case in cases}
    return ProbeSet({page_id: page for page_id, page in pages.items() if page_id in asked}, tuple(cases), part)


def find_held_out(run: Run, models: Sequence[str]) -> frozenset[str] | None:
    """Find the ids of the pages that training held out, if one of these models learned from the run; else None."""
    own = any(_is_own(run, model) for model in models)
    return frozenset(split_run(run, run.recipe.train.dev_share).dev) if own else None


def _is_own(run: Run, model: str) -> bool:
    """Say whether a model was trained on this run: it is the run's own, or by its card a copy of that."""
    if run.model.is_dir() and Path(model).is_dir():
        if Path(model).resolve() == run.model.resolve():
            return True
        origin = read_card(Path(model)).made_from
        return bool(origin) and origin == read_card(run.model).made_from
    return False


def pair_queries(queries: Iterable[Query], pages: Mapping[str, Page], seed: int) -> list[Case]:
    """Every hard negative on these pages with its positive, page by page in a seeded order."""
    kept = [query for query in queries if query.page_id in pages]
    positives = {query.id: query for query in kept if query.kind == "positive"}
    by_page: dict[str, list[Case]] = defaultdict(list)
    for query in kept:
        if query.kind == "hard_negative" and query.source_id in positives:
            by_page[query.page_id].append(Case(positives[query.source_id], query))
    return [case for page_id in sort_by_hash(list(by_page), seed) for case in by_page[page_id]]


def open_scorer(model: str, run: Run) -> Callable[[Sequence[tuple[str, Page]]], Floats]:
    """Whatever scores (query, page) pairs: `bm25`, a start, a run's or a model's folder, a CrossEncoder's.

    Raises:
        UserError: no such model.
    """
    if model == BM25:
        return _open_bm25(run)
    reranker = Reranker.from_pretrained(model)
    return lambda pairs: np.asarray(reranker.predict(list(pairs)), np.float64)


def probe(
    models: Sequence[str],
    run: Run,
    found: ProbeSet,
    progress: Progress = lambda done, total: None,
) -> list[Probed]:
    """Score every case with every model.

    Args:
        models: names or folders.
        run: where the cases are from.
        found: the cases.
        progress: called with (pages scored, pages in all), over all models.

    Raises:
        UserError: a model cannot be loaded, or gives a score that is no number.

    Examples:
        >>> run = Run.open("RUN")  # doctest: +SKIP
        >>> probe(["minilm"], run, find_cases(run, ["minilm"]))[0].accuracy.value  # doctest: +SKIP
        0.78
    """
    total = len(models) * len(found.pages)
    results = []
    for place, model in enumerate(models):
        score = open_scorer(model, run)
        start = place * len(found.pages)
        margins = _score(score, found, lambda done, start=start: progress(start + done, total))  # type: ignore[misc]
        if not np.isfinite(margins).all():
            raise UserError(f"'{model}' gives scores that are no numbers: it cannot be probed")
        results.append(Probed(model, margins, *_summarise(margins, found.cases, run.recipe.seed)))
    return results


def compare_probed(first: Probed, second: Probed, cases: Sequence[Case], seed: int = 0) -> Interval:
    """The difference in accuracy, first minus second, paired case by case; interval over pages."""
    return bootstrap_mean(_won(first.margins) - _won(second.margins), _clusters(cases), seed)


def find_worst(probed: Probed, cases: Sequence[Case], count: int) -> list[tuple[Case, float]]:
    """The cases that a model gets most wrong, one a page, the worst first; margins in the model's own unit."""
    worst: dict[str, tuple[Case, float]] = {}
    for at in np.argsort(probed.margins, kind="stable").tolist():
        if probed.margins[at] >= 0 or len(worst) == count:
            break
        worst.setdefault(cases[at].positive.page_id, (cases[at], float(probed.margins[at])))
    return list(worst.values())


def _limit(cases: Sequence[Case], limit: int) -> list[Case]:
    """Whole pages, until the limit is reached."""
    pages = list(dict.fromkeys(case.positive.page_id for case in cases[:limit]))
    whole = set(pages if len(cases) <= limit or cases[limit].positive.page_id != pages[-1] else pages[:-1] or pages)
    return [case for case in cases if case.positive.page_id in whole]


def _score(
    score: Callable[[Sequence[tuple[str, Page]]], Floats], found: ProbeSet, progress: Callable[[int], None]
) -> Floats:
    """Page by page: whatever depends on the page alone is computed once for all its queries."""
    margins = list[float]()
    for done, (page_id, own) in enumerate(groupby(found.cases, lambda case: case.positive.page_id), 1):
        cases = list(own)
        texts = list(dict.fromkeys(query.text for case in cases for query in (case.positive, case.negative)))
        scores = dict(zip(texts, score([(text, found.pages[page_id]) for text in texts]).tolist(), strict=True))
        margins += [scores[case.positive.text] - scores[case.negative.text] for case in cases]
        progress(done)
    return np.array(margins)


def _summarise(
    margins: Floats, cases: Sequence[Case], seed: int
) -> tuple[Interval, dict[str, dict[str, tuple[int, Interval]]]]:
    won, clusters = _won(margins), _clusters(cases)
    whole = bootstrap_mean(won, clusters, seed)
    tables: dict[str, dict[str, tuple[int, Interval]]] = {}
    for name in BREAKDOWNS:
        rows: dict[str, list[int]] = defaultdict(list)
        for at, case in enumerate(cases):
            rows[case.value(name)].append(at)
        ordered = sorted(rows, key=lambda value: (-len(rows[value]), value))
        tables[name] = {
            value: (len(rows[value]), bootstrap_mean(won[rows[value]], [clusters[at] for at in rows[value]], seed))
            for value in ordered
        }
    return whole, tables


def _won(margins: Floats) -> Floats:
    return np.asarray((margins > 0) + (margins == 0) / 2, np.float64)


def _clusters(cases: Sequence[Case]) -> list[str]:
    return [case.positive.page_id for case in cases]


def _open_bm25(run: Run) -> Callable[[Sequence[tuple[str, Page]]], Floats]:
    """BM25 of a page among the pages of its document."""

    @cache
    def index(document: str) -> tuple[Bm25, dict[str, int]]:
        own = list(run.pages.read(document))
        return Bm25([page.text for page in own]), {page.id: place for place, page in enumerate(own)}

    def score(query: str, page: Page) -> float:
        bm25, places = index(page.document)
        return float(bm25.score(query)[places[page.id]])

    return lambda pairs: np.array([score(query, page) for query, page in pairs], np.float64)
