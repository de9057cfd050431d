"""A local benchmark folder: PDFs, the questions asked of them, and the pages that answer each question."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


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
