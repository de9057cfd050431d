"""A local benchmark folder: PDFs, the questions asked of them, and the pages that answer each question."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from docrerank.records import UserError


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

    def evidence(self) -> dict[str, tuple[str, ...]]:
        """Query id to the kinds of evidence of its answer."""
        return {query.id: query.evidence for query in self.queries}

    def notes(self) -> tuple[str, ...]:
        """What a reader of the numbers must know: how many questions were left out, and why."""
        left_out = self.unjudged()
        if not left_out:
            return ()
        return (f"{len(left_out)} of {len(self.queries)} questions left out: answerable, but with no relevant page",)

    def _has_page(self, query: BenchmarkQuery) -> bool:
        return any(score > 0 for score in self.qrels.get(query.id, {}).values())


def check_pages(benchmark: Benchmark, page_ids: Collection[str]) -> None:
    """Check that every page and every document that the benchmark names is among the pages that were read.

    Raises:
        UserError: naming the first lines whose page or document is missing, how many there are, and a likely cause.

    Example:
        >>> query = BenchmarkQuery("q", "Net sales?", document="a")
        >>> check_pages(Benchmark(Path("bench"), (query,), {"q": {"a/2": 1}}), ["a/1", "a/2"])
    """
    known = set(page_ids)
    last_pages = _find_last_pages(known)
    _check_documents(benchmark, last_pages)
    missing = [
        (benchmark.lines.get(query, {}).get(page, 0), page)
        for query, pages in benchmark.qrels.items()
        for page in pages
        if page not in known
    ]
    if missing:
        file = benchmark.path / "qrels" / "test.tsv"
        cause = _explain_missing_page(missing[0][1], last_pages)
        raise UserError(f"{file}: {_name_some(missing, 'page')} not among the pages read; {cause}")


def _check_documents(benchmark: Benchmark, last_pages: Mapping[str, int]) -> None:
    missing = [
        (query.line, query.document)
        for query in benchmark.queries
        if query.document is not None and query.document not in last_pages
    ]
    if missing:
        file = benchmark.path / "queries.jsonl"
        cause = (
            "a document is named by its PDF's file name without '.pdf', and its PDF must be in corpus/ and readable"
        )
        raise UserError(f"{file}: {_name_some(missing, 'document')} not among the documents read; {cause}")


def _find_last_pages(page_ids: Collection[str]) -> dict[str, int]:
    """Each document's highest page number."""
    last: dict[str, int] = {}
    for page_id in page_ids:
        document, _, number = page_id.rpartition("/")
        last[document] = max(last.get(document, 0), int(number) if number.isdecimal() else 0)
    return last


def _explain_missing_page(page_id: str, last_pages: Mapping[str, int]) -> str:
    document, _, number = page_id.rpartition("/")
    if document not in last_pages:
        return f"no page of {document or page_id!r} was read: a page id is '<PDF name without .pdf>/<page from 1>'"
    if number == "0":
        return "page numbers start at 1: add 1 to every page number of the file"
    return f"the last page read of {document!r} is {last_pages[document]}: see what was rejected, or mend the line"


def _name_some(missing: list[tuple[int, str]], noun: str) -> str:
    named = ", ".join(f"{name!r} (line {line})" if line else repr(name) for line, name in missing[:3])
    if len(missing) == 1:
        return f"{noun} {named} is"
    more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
    return f"{noun}s {named}{more} ({len(missing)} in all) are"
