"""A benchmark of any origin in one form: questions, the pages each is asked of, and what is relevant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from docrerank.benchmark.benchmark import Benchmark, BenchmarkQuery
from docrerank.recipe import fingerprint
from docrerank.records import Page
from docrerank.statistics import HEADLINE

#: The group of pages that a question is asked of, where a benchmark has but one.
EVERYTHING = ""


class Shelf(Protocol):
    """Where pages come from: one at a time, when they are asked for."""

    def page(self, page_id: str) -> Page:
        """A page that can be drawn, with whatever text is at hand."""

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
        shelf: gives the pages.
        groups: group to the ids of its pages, in order.
        scope: query id to the group that it is asked of; `EVERYTHING` where it is not named.
        top_ranked: query id to the candidates that come with the data set; empty if none do.
        traits: trait ("language", "evidence", ...) to query id to its values.
        headline: the metric that systems are compared by.
        version: fingerprint of what it was read from.
        notes: what a reader of the numbers must know.
    """

    name: str
    benchmark: Benchmark
    shelf: Shelf
    groups: Mapping[str, Sequence[str]] = field(repr=False)
    scope: Mapping[str, str] = field(default_factory=dict, repr=False)
    top_ranked: Mapping[str, Sequence[str]] = field(default_factory=dict, repr=False)
    traits: Mapping[str, Mapping[str, Sequence[str]]] = field(default_factory=dict, repr=False)
    headline: str = HEADLINE
    version: str = ""
    notes: tuple[str, ...] = ()

    @property
    def queries(self) -> tuple[BenchmarkQuery, ...]:
        """The questions, in order."""
        return self.benchmark.queries

    def group_of(self, query_id: str) -> str:
        """The group of pages that a question is asked of."""
        return self.scope.get(query_id, EVERYTHING)

    def fingerprint(self) -> str:
        """Changes when a question, a judgement, a page id or the source changes."""
        asked = [[query.id, query.text] for query in self.queries]
        pages = {name: list(ids) for name, ids in self.groups.items()}
        return fingerprint(self.version, asked, self.benchmark.qrels, pages, dict(self.scope))


def collect_traits(queries: Sequence[BenchmarkQuery]) -> dict[str, dict[str, tuple[str, ...]]]:
    """Evidence, language, question type and the like of each question, where a data set says so.

    Example:
        >>> collect_traits([BenchmarkQuery("q", "Revenue?", evidence=("Table",), metadata={"language": "english"})])
        {'evidence': {'q': ('Table',)}, 'language': {'q': ('english',)}}
    """
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for query in queries:
        if query.evidence:
            found.setdefault("evidence", {})[query.id] = query.evidence
        for trait in ("language", "type", "level", "document_type"):
            if values := _values(query.metadata.get(trait)):
                found.setdefault(trait, {})[query.id] = values
    return found


def _values(value: object) -> tuple[str, ...]:
    if isinstance(value, str | int) and not isinstance(value, bool) and str(value):
        return (str(value),)
    return tuple(str(each) for each in value) if isinstance(value, list | tuple) else ()
