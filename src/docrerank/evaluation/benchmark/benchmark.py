"""A benchmark of any origin in one form: questions, the pages each is asked of, and what is relevant."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from heapq import nlargest
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from docrerank.evaluation.statistics import HEADLINE
from docrerank.recipe import fingerprint
from docrerank.records import Page
from docrerank.retrieval import Vectors

#: The group of pages that a question is asked of, where a benchmark has but one.
EVERYTHING = ""
#: Ranks beyond this are not kept: no metric looks past the tenth, and ties are settled before the cut.
KEPT = 100
NO_BOXES = np.zeros((0, 4), np.float32)
#: Pages held in memory by each source.
HELD = 4_096


@dataclass(frozen=True, slots=True)
class BenchmarkQuery:
    """One question of a benchmark.

    Attributes:
        id: unique in the benchmark.
        text: as it is asked.
        document: the only document it is asked of; None if it is asked of the whole corpus.
        answerable: False marks a question that no page answers.
        evidence: what kinds of content the answer stands in ("Table", "Chart", ...), as the benchmark names them.
        metadata: everything else that the benchmark says of it.
        line: its line in `queries.jsonl`, from 1; 0 if it was not read from a file.
    """

    id: str
    text: str
    document: str | None = None
    answerable: bool = True
    evidence: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict, hash=False)
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Benchmark:
    """Questions and the pages that answer them; see `read_benchmark`.

    Attributes:
        path: the folder, which holds the PDFs in `corpus/`.
        queries: in the order of the file.
        qrels: query id to page id to relevance, an integer from 0 (judged, not relevant) up.
        lines: query id to page id to its line in `qrels/test.tsv`, for messages; may be empty.
    """

    path: Path
    queries: tuple[BenchmarkQuery, ...]
    qrels: dict[str, dict[str, int]] = field(hash=False)
    lines: dict[str, dict[str, int]] = field(default_factory=dict, compare=False, repr=False)

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.path.resolve().name

    def ranked(self) -> tuple[BenchmarkQuery, ...]:
        """The questions that ranking metrics are computed over: those with at least one relevant page."""
        return tuple(query for query in self.queries if self._has_page(query))

    def unanswerable(self) -> tuple[BenchmarkQuery, ...]:
        """The questions that no page answers."""
        return tuple(query for query in self.queries if not query.answerable)

    def unjudged(self) -> tuple[BenchmarkQuery, ...]:
        """The questions said to be answerable for which no relevant page is named: no metric uses them."""
        return tuple(query for query in self.queries if query.answerable and not self._has_page(query))

    def notes(self) -> tuple[str, ...]:
        """What a reader of the numbers must know: how many questions were left out, and why."""
        left_out = self.unjudged()
        if not left_out:
            return ()
        return (f"{len(left_out)} of {len(self.queries)} questions left out: answerable, but with no relevant page",)

    def _has_page(self, query: BenchmarkQuery) -> bool:
        return any(score > 0 for score in self.qrels.get(query.id, {}).values())


class PageSource(Protocol):
    """Gives pages when they are asked for."""

    def page(self, page_id: str) -> Page:
        """A page that can be drawn, with the text it came with."""

    def text(self, page_id: str) -> str:
        """A page's text: the data set's own, else its text layer, else OCR."""

    def has_images(self) -> bool:
        """Whether pages can be drawn."""


@dataclass(frozen=True, slots=True)
class Collection:
    """Questions, pages and judgements.

    Attributes:
        name: as it stands over a table.
        benchmark: questions and qrels.
        source: gives the pages.
        groups: group to the ids of its pages, in order.
        scope: query id to the group that it is asked of; `EVERYTHING` where it is not named.
        top_ranked: query id to the candidates that come with the data set; empty if none do.
        documents: page id to the document that it is a page of; a page that is not in it is one by itself.
        traits: trait ("language", "evidence", ...) to query id to its values.
        headline: the metric that systems are compared by.
        version: fingerprint of what it was read from.
        notes: what a reader of the numbers must know.
        levels: query id to its rephrase level, in a data set that has them.
    """

    name: str
    benchmark: Benchmark
    source: PageSource
    groups: Mapping[str, Sequence[str]] = field(repr=False)
    scope: Mapping[str, str] = field(default_factory=dict, repr=False)
    top_ranked: Mapping[str, Sequence[str]] = field(default_factory=dict, repr=False)
    documents: Mapping[str, str] = field(default_factory=dict, repr=False)
    traits: Mapping[str, Mapping[str, Sequence[str]]] = field(default_factory=dict, repr=False)
    headline: str = HEADLINE
    version: str = ""
    notes: tuple[str, ...] = ()
    levels: Mapping[str, int] = field(default_factory=dict, repr=False)

    def split_levels(self) -> list[Collection]:
        """One collection for each rephrase level of the questions; itself if they have none."""
        found = []
        for level in sorted(set(self.levels.values())):
            queries = tuple(query for query in self.queries if self.levels[query.id] == level)
            qrels = {query.id: self.benchmark.qrels.get(query.id, {}) for query in queries}
            asked = replace(self.benchmark, queries=queries, qrels=qrels)
            found.append(replace(self, name=f"{self.name}, level {level}", benchmark=asked, levels={}))
        return found or [self]

    @property
    def queries(self) -> tuple[BenchmarkQuery, ...]:
        """The questions, in order."""
        return self.benchmark.queries

    def group_of(self, query_id: str) -> str:
        """The group of pages that a question is asked of."""
        return self.scope.get(query_id, EVERYTHING)

    def clusters(self) -> dict[str, str]:
        """Query id to the document whose questions stand and fall together: the one that the question is asked of.

        Without one it is the document of most of its relevant pages, of several the first by name; a question without
        relevant pages is a cluster by itself.
        """
        return {query.id: query.document or self._find_document(query.id) for query in self.queries}

    def fingerprint(self) -> str:
        """Changes when a question, a judgement, a page id or the source changes."""
        asked = [[query.id, query.text] for query in self.queries]
        pages = {name: list(ids) for name, ids in self.groups.items()}
        return fingerprint(self.version, asked, self.benchmark.qrels, pages, dict(self.scope))

    def _find_document(self, query_id: str) -> str:
        judged = self.benchmark.qrels.get(query_id, {})
        found = Counter(self.documents.get(page, page) for page, relevance in judged.items() if relevance > 0)
        return min(found, key=lambda name: (-found[name], name), default=f"question {query_id}")


def collect_traits(queries: Sequence[BenchmarkQuery]) -> dict[str, dict[str, tuple[str, ...]]]:
    """Evidence, language, question type and the like of each question, where a data set says so.

    Examples:
        >>> collect_traits([BenchmarkQuery("q", "Revenue?", evidence=("Table",), metadata={"language": "english"})])
        {'evidence': {'q': ('Table',)}, 'language': {'q': ('english',)}}
    """
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for query in queries:
        if query.evidence:
            found.setdefault("evidence", {})[query.id] = query.evidence
        for trait in ("language", "type", "level", "document_type"):
            if values := list_values(query.metadata.get(trait)):
                found.setdefault(trait, {})[query.id] = values
    return found


def list_values(value: object) -> tuple[str, ...]:
    """One text or number, or those of a list, as text; none of anything else."""
    if isinstance(value, str | int) and not isinstance(value, bool) and str(value):
        return (str(value),)
    return tuple(str(each) for each in value) if isinstance(value, list | tuple) else ()


def take_top(scores: Vectors, page_ids: Sequence[str], count: int = KEPT) -> dict[str, float]:
    """One question's best pages and their scores, best first, in trec_eval's order (ties: the higher page id first).

    Examples:
        >>> take_top(np.array([0.5, 0.5, 0.7], np.float32), ["a/1", "a/2", "a/3"], 2)
        {'a/3': 0.699999988079071, 'a/2': 0.5}
    """
    return {page: score for score, page in nlargest(count, zip(scores.tolist(), page_ids, strict=True))}


def read_page(source: PageSource, page_id: str, with_text: bool) -> Page:
    """A page, with its text (by OCR if need be) for a model that reads text."""
    page = source.page(page_id)
    if not with_text or page.text:
        return page
    text = source.text(page_id)
    return replace(page, text=text, text_source="layer" if text else "none", boxes=NO_BOXES)
