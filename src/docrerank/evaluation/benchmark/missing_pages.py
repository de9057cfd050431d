"""Pages and documents that a benchmark names but does not hold.

One mistake in a benchmark does not cost its other questions. A missing page stays in the judgements, so that every
system loses what it cannot find; a question of a missing document is left out. Each is reported with its line.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from docrerank.evaluation.benchmark.benchmark import Benchmark
from docrerank.records import Rejected, UserError

STAGE = "evaluate"
NO_PAGE = "no such page"


def leave_out_missing(benchmark: Benchmark, page_ids: Collection[str]) -> tuple[Benchmark, list[Rejected]]:
    """Leave out questions of documents that were not read, and list the relevant pages that are not there.

    Args:
        benchmark: as it was read.
        page_ids: every page that was read.

    Raises:
        UserError: no relevant page is there at all: the benchmark belongs to other documents.

    Example:
        >>> from pathlib import Path
        >>> from docrerank.evaluation.benchmark.benchmark import BenchmarkQuery
        >>> asked = Benchmark(Path("bench"), (BenchmarkQuery("q", "Net sales?"),), {"q": {"a/2": 1, "a/7": 1}})
        >>> [row.subject for row in leave_out_missing(asked, ["a/1", "a/2"])[1]]
        ['a/7']
    """
    known, last_pages = set(page_ids), dict[str, int]()
    for document, _, number in (page_id.rpartition("/") for page_id in known):
        last_pages[document] = max(last_pages.get(document, 0), int(number) if number.isdecimal() else 0)
    kept = tuple(query for query in benchmark.queries if query.document is None or query.document in last_pages)
    asked = replace(benchmark, queries=kept, qrels={query.id: benchmark.qrels.get(query.id, {}) for query in kept})
    rejected = list(_list_missing(benchmark, known, last_pages))
    relevant = {page for pages in asked.qrels.values() for page in pages}
    if relevant.isdisjoint(known) and any(benchmark.qrels.values()):
        first = f"{rejected[0].subject}: {rejected[0].detail}" if rejected else "it names none"
        raise UserError(f"no relevant page of {benchmark.path} is among the pages read ({first})")
    return asked, rejected


def describe_missing(rejected: Collection[Rejected]) -> list[str]:
    """Notes for the table; none if nothing is missing."""
    pages = sum(row.reason == NO_PAGE for row in rejected)
    notes = [
        f"{pages} relevant pages are in no document (see rejected/{STAGE}): every system misses them.",
        f"{len(rejected) - pages} questions are of documents that were not read, and left out.",
    ]
    return [note for note, count in zip(notes, (pages, len(rejected) - pages), strict=True) if count]


def _list_missing(benchmark: Benchmark, known: Collection[str], last_pages: Mapping[str, int]) -> Iterator[Rejected]:
    cause = "a document is named by its PDF's file name without '.pdf', and must be in corpus/ and readable"
    for query in benchmark.queries:
        if query.document is not None and query.document not in last_pages:
            where = f"line {query.line} of queries.jsonl: " if query.line else ""
            yield Rejected(STAGE, query.text, "document not read", f"{where}'{query.document}': {cause}")
    for asked, pages in benchmark.qrels.items():
        for page in (page for page in pages if page not in known):
            line = benchmark.lines.get(asked, {}).get(page, 0)
            where = f"line {line} of qrels/test.tsv: " if line else ""
            yield Rejected(STAGE, page, NO_PAGE, where + _explain(page, last_pages), page)


def _explain(page_id: str, last_pages: Mapping[str, int]) -> str:
    document, _, number = page_id.rpartition("/")
    if document not in last_pages:
        return f"no page of {document or page_id!r} was read: a page id is '<PDF name without .pdf>/<page from 1>'"
    if number == "0":
        return "page numbers start at 1: add 1 to every page number of the file"
    return f"the last page read of {document!r} is {last_pages[document]}: correct the line, or see what was rejected"
