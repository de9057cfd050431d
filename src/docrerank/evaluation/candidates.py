"""The candidates that every system reorders: the data set's, a file's, or a first stage's; kept and reused."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from docrerank.evaluation import names
from docrerank.evaluation.benchmark import BenchmarkQuery, Collection, take_top
from docrerank.evaluation.models import find_model, load_embedder
from docrerank.evaluation.peer_scorers import EmbedderScorer
from docrerank.evaluation.systems import read_page, score_by_bm25
from docrerank.recipe import fingerprint
from docrerank.records import UserError
from docrerank.retrieval import UNTRAINED, Encoding, FusionWeights, Vectors, fuse, load_untrained, score_windows
from docrerank.runs import Progress, write_text

#: First stages by name; anything else is an embedder or a file.
PLAIN_BM25, MINILM, HYBRID = STAGES = (names.PLAIN_BM25, UNTRAINED, "hybrid")
GIVEN = "top_ranked"
TOP = 50
#: Pages that are encoded at once.
BATCH = 32
#: Scores of one group's questions and some of its pages: (queries, pages).
GroupScore = Callable[[Sequence[BenchmarkQuery], str, list[str]], Vectors]


@dataclass(frozen=True, slots=True)
class Candidates:
    """Each question's candidates.

    Attributes:
        stage: who found them; `top_ranked` if they came with the data set.
        pages: query id to page id to score, best first.
        version: fingerprint of how they came about.
    """

    stage: str
    pages: dict[str, dict[str, float]] = field(repr=False)
    version: str


def find_candidates(
    collection: Collection,
    folder: Path,
    stage: str | None = None,
    top: int = TOP,
    progress: Progress = lambda done, total: None,
) -> Candidates:
    """The candidates of every question.

    Args:
        collection: the questions and pages.
        folder: candidates are kept in `<folder>/candidates/`, and taken from there if nothing changed.
        stage: `bm25`, `minilm` (best window), `hybrid` (both, as a run's first stage), an embedder's folder or hub
            name (dense or late interaction), or a JSON file of candidates. None takes the data set's own, else `bm25`.
        top: how many are kept; candidates that come with the data set are kept whole unless fewer are asked for.

    Raises:
        UserError: no such first stage, or a file that does not fit the benchmark.
    """
    if stage is None and collection.top_ranked:
        return _take_given(collection, top)
    stage = stage or PLAIN_BM25
    if stage.endswith(".json"):
        return _read_file(Path(stage), collection, top)
    version = fingerprint("candidates", 1, collection.fingerprint(), stage, top, _identify(stage))
    path = folder / "candidates" / f"{slug(collection.name)}--{slug(stage)}-top{top}.json"
    known = _read(path)
    if known.get("made_from") == version:
        return Candidates(stage, known["candidates"], version)
    found = _search(collection, stage, top, progress)
    content = {"made_from": version, "benchmark": collection.name, "first_stage": stage, "top": top}
    write_text(path, json.dumps(content | {"candidates": found}) + "\n")
    return Candidates(stage, found, version)


def slug(name: str) -> str:
    """A name as part of a file name.

    Example:
        >>> slug("ViDoRe(v3.1, reranking)")
        'ViDoRe-v3.1-reranking'
    """
    return re.sub(r"[^A-Za-z0-9._]+", "-", name).strip("-")[:100] or "unnamed"


def _search(collection: Collection, stage: str, top: int, progress: Progress) -> dict[str, dict[str, float]]:
    """Group by group, so that the vectors of one group are in memory."""
    score = _open_stage(collection, stage)
    found: dict[str, dict[str, float]] = {}
    asked: dict[str, list[BenchmarkQuery]] = {}
    for query in collection.queries:
        asked.setdefault(collection.group_of(query.id), []).append(query)
    for number, (group, queries) in enumerate(asked.items()):
        ids = list(collection.groups[group])
        for query, row in zip(queries, score(queries, group, ids), strict=True):
            found[query.id] = take_top(row, ids, top)
        progress(number + 1, len(asked))
    return {query.id: found[query.id] for query in collection.queries}


def _open_stage(collection: Collection, stage: str) -> GroupScore:
    if stage == PLAIN_BM25:
        return _search_bm25(collection)
    if stage == MINILM:
        return _search_windows(collection)
    if stage == HYBRID:
        first, second = _search_bm25(collection), _search_windows(collection)
        weights = FusionWeights(1, 1, 0, 0)
        return lambda queries, group, ids: np.stack(
            [
                fuse(bm25, window, np.zeros_like(window), weights, np.zeros_like(window))
                for bm25, window in zip(first(queries, group, ids), second(queries, group, ids), strict=True)
            ]
        )
    model = load_embedder(find_model(stage).path, images=collection.source.has_images())
    return _search_embedder(collection, model)


def _search_bm25(collection: Collection) -> GroupScore:
    score = score_by_bm25(collection)
    return lambda queries, group, ids: np.stack([score(query, ids) for query in queries])


def _search_windows(collection: Collection) -> GroupScore:
    encoder = load_untrained()

    def score(queries: Sequence[BenchmarkQuery], group: str, ids: list[str]) -> Vectors:
        pages: list[Encoding] = []
        for start in range(0, len(ids), BATCH):
            batch = encoder.encode_pages([collection.source.text(page) for page in ids[start : start + BATCH]])
            pages += [Encoding(each.windows[:0], each.windows) for each in batch]  # their tokens would fill memory
        return score_windows(encoder.encode_queries([query.text for query in queries]), pages)

    return score


def _search_embedder(collection: Collection, model: EmbedderScorer) -> GroupScore:
    def score(queries: Sequence[BenchmarkQuery], group: str, ids: list[str]) -> Vectors:
        texts, columns = [query.text for query in queries], []
        for start in range(0, len(ids), BATCH):
            pages = [read_page(collection, page, model.needs_text) for page in ids[start : start + BATCH]]
            columns.append(model.compare(texts, model.encode(pages)))
        return np.concatenate(columns, axis=1)

    return score


def _take_given(collection: Collection, top: int) -> Candidates:
    """The data set's own, in its order; questions that it gives none keep none."""
    pages = {
        query.id: {page: -float(rank) for rank, page in enumerate(list(collection.top_ranked.get(query.id, ()))[:top])}
        for query in collection.queries
    }
    _check(pages, collection, f"top_ranked of '{collection.name}'")
    return Candidates(GIVEN, pages, fingerprint(GIVEN, pages))


def _read_file(path: Path, collection: Collection, top: int) -> Candidates:
    """Candidates of an earlier evaluation, or any `{query id: {page id: score}}`."""
    content = _read(path)
    if not content:
        raise UserError(f"'{path}' is no file of candidates: give JSON, query id to page id to score")
    rows = content.get("candidates", content)
    try:
        pages = {
            query.id: dict(sorted(((str(p), float(s)) for p, s in rows[query.id].items()), key=lambda e: -e[1])[:top])
            for query in collection.queries
        }
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UserError(f"'{path}' lacks candidates of a question, or holds something else ({error!r})") from error
    _check(pages, collection, f"'{path}'")
    return Candidates(str(path), pages, fingerprint("file", pages))


def _check(pages: Mapping[str, Mapping[str, float]], collection: Collection, where: str) -> None:
    known = {group: set(ids) for group, ids in collection.groups.items()}
    for query, found in pages.items():
        unknown = next((page for page in found if page not in known[collection.group_of(query)]), None)
        if unknown is not None:
            raise UserError(f"{where} names page {unknown!r} for question {query!r}, which is not in its corpus")


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _identify(stage: str) -> str:
    return "" if stage in STAGES else find_model(stage).fingerprint()
