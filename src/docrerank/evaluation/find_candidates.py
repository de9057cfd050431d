"""The candidates that every system reorders: the data set's, a file's, or a first stage's; kept and reused."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from docrerank.evaluation.benchmark import Collection, read_page, take_top
from docrerank.evaluation.find_model import find_model, load_embedder
from docrerank.evaluation.names import PLAIN_BM25
from docrerank.evaluation.systems import ByGroup, Fused, System, Views, ignore, open_bm25
from docrerank.recipe import fingerprint
from docrerank.records import UserError
from docrerank.retrieval import UNTRAINED, Encoding, FusionWeights, TokenEncoder, load_untrained, score_windows
from docrerank.runs import Progress, read_json, write_text

#: First stages by name; anything else is an embedder or a file.
MINILM, HYBRID = UNTRAINED, "hybrid"
GIVEN = "top_ranked"
TOP = 50


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
    progress: Progress = ignore,
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
    model = "" if stage in (PLAIN_BM25, MINILM, HYBRID) else find_model(stage).fingerprint()
    version = fingerprint("candidates", 3, collection.fingerprint(), stage, top, model)
    path = folder / "candidates" / f"{slug(collection.name)}--{slug(stage)}-top{top}.json"
    known = read_json(path)
    if known.get("made_from") == version:
        return Candidates(stage, known["candidates"], version)
    found = rank_pages(_open_stage(collection, stage), collection, top, progress)
    content = {"made_from": version, "benchmark": collection.name, "first_stage": stage, "top": top}
    write_text(path, json.dumps(content | {"candidates": found}) + "\n")
    return Candidates(stage, found, version)


def slug(name: str) -> str:
    """A name as part of a file name.

    Examples:
        >>> slug("ViDoRe(v3.1, reranking)")
        'ViDoRe-v3.1-reranking'
    """
    return re.sub(r"[^A-Za-z0-9._]+", "-", name).strip("-")[:100] or "unnamed"


def rank_pages(
    system: System, collection: Collection, top: int, progress: Progress = ignore
) -> dict[str, dict[str, float]]:
    """Each question's best pages of all that it is asked of."""
    pages = {query.id: list(collection.groups[collection.group_of(query.id)]) for query in collection.queries}
    system.prepare(pages, progress=progress)
    return {
        query.id: take_top(system.score(query, pages[query.id]).values, pages[query.id], top)
        for query in collection.queries
    }


def _open_stage(collection: Collection, stage: str) -> System:
    if stage == PLAIN_BM25:
        return open_bm25(stage, collection)
    if stage == MINILM:
        return _open_windows(collection)
    if stage == HYBRID:
        return Fused(stage, Views(open_bm25(stage, collection), _open_windows(collection)), FusionWeights(1, 1, 0, 0))
    encoder = load_embedder(find_model(stage).path)
    read = partial(read_page, collection.source, with_text=isinstance(encoder, TokenEncoder))
    return ByGroup(
        stage, collection, encoder.encode_queries, lambda ids: encoder.read([*map(read, ids)]), score_windows
    )


def _open_windows(collection: Collection) -> System:
    encoder = load_untrained()

    def read(ids: Sequence[str]) -> list[Encoding]:
        pages = encoder.encode_pages([collection.source.text(page) for page in ids])
        return [Encoding(each.windows[:0], each.windows) for each in pages]  # tokens would only fill memory

    return ByGroup(MINILM, collection, encoder.encode_queries, read, score_windows)


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
    content = read_json(path)
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
