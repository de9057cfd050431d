"""Labels: a teacher's scores of a run's pairs, page by page, each pair once."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from docrerank.queries import Family
from docrerank.recipe import fingerprint
from docrerank.records import Page, UserError
from docrerank.reranker import Reranker, load_text, open_first
from docrerank.retrieval import ENCODINGS, FirstStage, PageStore, Vectors, window_settings
from docrerank.retrieval.run_index import index_in_memory, is_large
from docrerank.runs import Parts, Progress, Run, read_json, split_run, write_text
from docrerank.training.training_groups import read_families

if TYPE_CHECKING:
    from docrerank.vision import VisionReranker

STAGE = "label"
#: Folder of a run that holds a teacher's scores, and the file in it that names the teacher.
FOLDER, TEACHER = "teacher", "teacher.json"
#: By query id and page id, in logits.
SoftScores = Mapping[str, Mapping[str, float]]
#: The run's own views, fused, as the teacher: BM25, windows, and tokens of `train.base`.
FUSION = "fusion"
#: Pages of its document that each question is scored with, beside its own and its mined ones.
CANDIDATES = 16
#: Logits beyond this are a probability of 0 or 1 in float32.
LIMIT = 1e-6

#: A query's id and text, and the page that it is scored with.
Pair = tuple[str, str, Page]
Score = Callable[[Sequence[Pair]], Vectors]


@dataclass(frozen=True, slots=True)
class SoftScore:
    """What a teacher says of a pair.

    Attributes:
        query_id: of the query.
        page_id: of the page.
        score: a logit.
        key: hash of both texts, so that a pair is not scored again while they stay.
    """

    query_id: str
    page_id: str
    score: float
    key: str


@dataclass(frozen=True, slots=True)
class Doubt:
    """A verified hard negative that the teacher puts above its positive: a wrong label, or a weak teacher."""

    query: str
    page_id: str
    positive: str
    above: float


def label(run: Run, teacher: str, progress: Progress = lambda done, total: None) -> dict[str, Any]:
    """Score what a training may learn from with a teacher: positives and hard negatives with their page, and every
    positive with its mined pages and the best 16 of its document by the first stage.

    A document's scores are a part: a killed run goes on after the last one, and a pair whose texts have not changed is
    not scored again. RUN/teacher/doubts.jsonl lists hard negatives that the teacher puts above their positive.

    Args:
        run: whose queries are generated and mined.
        teacher: any reranker's name or folder, of text or of page images, or `fusion`.
        progress: called with (documents done, documents in all).

    Raises:
        UserError: there is no such reranker, or the run has nothing to score.
    """
    families: dict[str, list[Family]] = {}
    for family in read_families(run, split_run(run, run.recipe.train.dev_share).train):
        families.setdefault(family.positive.page_id.rpartition("/")[0], []).append(family)
    if not families:
        raise UserError(f"'{run.path}' has no questions to score: docrerank generate {run.path}")
    listing = _Listing(run, with_queries=teacher != FUSION)
    score, made_by = open_teacher(run, teacher, listing.first)
    parts, counts = soft_parts(run), {"pairs": 0, "scored": 0, "documents": len(families)}
    doubts: list[Doubt] = []
    with run.manifest.stage(STAGE) as told:
        write_text(run.path / FOLDER / TEACHER, json.dumps({"name": teacher, "made_by": made_by}) + "\n")
        for number, (name, own) in enumerate(sorted(families.items()), 1):
            pairs = listing.list_pairs(own)
            rows = _score_new(parts.read(name) if parts.made_from(name) else (), pairs, score, made_by, counts)
            parts.write(name, rows, fingerprint(made_by, [row.key for row in rows]))
            doubts += find_doubts(own, {(row.query_id, row.page_id): row.score for row in rows})
            progress(number, len(families))
        parts.keep_only(families)
        doubts.sort(key=lambda doubt: -doubt.above)
        lines = [json.dumps({name: getattr(doubt, name) for name in Doubt.__slots__}) for doubt in doubts]
        write_text(run.path / FOLDER / "doubts.jsonl", "".join(f"{line}\n" for line in lines))
        told.update(counts, teacher=teacher, doubts=len(doubts), redone=counts["scored"])
    return dict(told)


def _score_new(
    known: Iterable[SoftScore], pairs: Sequence[Pair], score: Score, made_by: str, counts: dict[str, int]
) -> list[SoftScore]:
    """All pairs' scores; those that this teacher has given already are kept."""
    scores = {row.key: row.score for row in known}
    keys = [fingerprint(made_by, text, page.text, page.sha256, page.number) for _, text, page in pairs]
    fresh = [place for place, key in enumerate(keys) if key not in scores]
    if fresh:
        found = score([pairs[place] for place in fresh])
        scores.update({keys[place]: float(value) for place, value in zip(fresh, found, strict=True)})
    counts["pairs"] += len(pairs)
    counts["scored"] += len(fresh)
    return [SoftScore(query, page.id, scores[key], key) for (query, _, page), key in zip(pairs, keys, strict=True)]


class _Listing:
    """Which pairs a teacher scores, sorted by page: what it makes of a page serves all its queries."""

    def __init__(self, run: Run, with_queries: bool) -> None:
        if is_large(run):
            raise UserError(
                f"'{run.path}' is too large to be labelled as a whole: label a run of some of its documents"
            )
        self.with_queries = with_queries
        self.store = PageStore(run.path / ENCODINGS, open_first(run, window_settings(run)), run.count_pages())
        self.first = index_in_memory(run, self.store)[1]

    def list_pairs(self, families: Sequence[Family]) -> list[Pair]:
        """The pairs of one document's families."""
        pairs = {(query.id, page.id): (query.id, query.text, page) for query, page in self._list(families)}
        return [pairs[key] for key in sorted(pairs, key=lambda key: (key[1], key[0]))]

    def _list(self, families: Sequence[Family]) -> Iterator[tuple[Any, Page]]:
        encoded = self.store.encoder.encode_queries([family.positive.text for family in families])
        for family, query in zip(families, encoded, strict=True):
            positive, own = family.positive, self.first.pages[self.first.find_row(family.positive.page_id)]
            near = self.first.find(positive.text, query, CANDIDATES, own.document).pages
            mined = [self.first.pages[self.first.find_row(page)] for page in family.mined]
            yield from ((positive, page) for page in (own, *mined, *near))
            if self.with_queries:
                yield from ((negative, own) for negative in family.negatives)


def open_teacher(run: Run, teacher: str, first: FirstStage) -> tuple[Score, str]:
    """What scores pairs, and a fingerprint of it."""
    if teacher != FUSION:
        reranker = Reranker.from_pretrained(teacher)
        name = reranker.scorer.fingerprint if isinstance(reranker, Reranker) else teacher
        return lambda pairs: score_pairs(reranker, pairs), fingerprint(STAGE, name)
    base = Reranker(*load_text(run.recipe.train.base, run.recipe.train))
    return lambda pairs: _fuse(base, pairs), fingerprint(STAGE, FUSION, base.scorer.fingerprint)


def score_pairs(reranker: Reranker | VisionReranker, pairs: Sequence[Pair]) -> Vectors:
    """Logits of pairs by any reranker."""
    chances = np.asarray(reranker.predict([(text, page) for _, text, page in pairs]), np.float64).clip(
        LIMIT, 1 - LIMIT
    )
    return np.asarray(np.log(chances / (1 - chances)), np.float32)


def _fuse(base: Reranker, pairs: Sequence[Pair]) -> Vectors:
    """Each question's pages by the fusion of all views among them."""
    rows: dict[str, list[int]] = {}
    for place, (query, _, _) in enumerate(pairs):
        rows.setdefault(query, []).append(place)
    scores = np.zeros(len(pairs), np.float32)
    for own in rows.values():
        ranked = base.rank(pairs[own[0]][1], [pairs[place][2] for place in own])
        for hit in ranked:
            scores[own[hit["corpus_id"]]] = hit["score"]
    return scores


def find_doubts(families: Iterable[Family], scores: dict[tuple[str, str], float]) -> Iterator[Doubt]:
    """Hard negatives that score above their positive on its page."""
    for family in families:
        positive, page = family.positive, family.positive.page_id
        for negative in family.negatives:
            above = scores.get((negative.id, page), -np.inf) - scores[positive.id, page]
            if above > 0:
                yield Doubt(negative.text, page, positive.text, round(float(above), 4))


def soft_parts(run: Run) -> Parts[SoftScore]:
    """The scores, one part for each document that is asked about."""
    return Parts(run.path / FOLDER, SoftScore)


def read_soft(run: Run) -> SoftScores:
    """All scores of the run's teacher.

    Raises:
        UserError: the run has none.
    """
    found: dict[str, dict[str, float]] = defaultdict(dict)
    for row in soft_parts(run).read():
        found[row.query_id][row.page_id] = row.score
    if not found:
        raise UserError(
            f"train.teacher_weight needs a teacher's scores: docrerank label {run.path} --teacher MODEL (or fusion)"
        )
    return found


def read_teacher(run: Run) -> str:
    """The teacher's name; empty if the run has none."""
    return str(read_json(run.path / FOLDER / TEACHER).get("name", ""))


def fingerprint_soft(run: Run) -> str:
    """Names all scores that a training may learn from."""
    parts = soft_parts(run)
    return fingerprint([[name, parts.made_from(name)] for name in parts.names()])
