"""A folder of PDFs with questions: pages come from the run where it read the same files, else are read into it.

One mistake in a benchmark does not cost its other questions. A missing page stays in the judgements, so that every
system loses what it cannot find; a question of a missing document is left out. Each is reported with its line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from docrerank.evaluation.benchmark.benchmark import EVERYTHING, NO_BOXES, Benchmark, Collection, collect_traits
from docrerank.evaluation.benchmark.read_benchmark import read_benchmark
from docrerank.pages import Document, find_documents, ingest, plan_ingest
from docrerank.recipe import fingerprint
from docrerank.records import Page, Rejected, UserError
from docrerank.runs import Parts, Run

STAGE = "evaluate"
NO_PAGE = "no such page"
#: Documents whose pages are held with their boxes; one may have thousands.
HELD = 8


class PdfPages:
    """The `PageSource` of a folder of PDFs; each document is read once for its texts.

    Args:
        parts: document to the parts that hold its pages; only documents with a readable page.
        own: how many of them are the run's own.
        unreadable: the documents without a page.

    Attributes:
        light: page id to the page without its boxes, which only some models need.
    """

    def __init__(self, parts: Mapping[str, Parts[Page]], own: int, unreadable: tuple[str, ...] = ()) -> None:
        self.parts, self.own, self.unreadable = parts, own, unreadable
        self.light = {page.id: replace(page, boxes=NO_BOXES) for document in parts for page in self.read(document)}
        self._open = lru_cache(HELD)(lambda document: {page.id: page for page in self.read(document)})

    def read(self, document: str) -> list[Page]:
        """The pages of one document, in order."""
        return list(self.parts[document].read(document))

    def home(self, document: str) -> Path:
        """The run, or the folder beside it, that keeps a document's pages and their encodings."""
        return self.parts[document].folder.parent

    def made_from(self) -> dict[str, str | None]:
        """Document to the fingerprint of its pages."""
        return {name: parts.made_from(name) for name, parts in sorted(self.parts.items())}

    def page(self, page_id: str) -> Page:
        """The page with its boxes; the other pages of its document are read with it."""
        return self._open(self.light[page_id].document)[page_id]

    def text(self, page_id: str) -> str:
        """The page's text."""
        return self.light[page_id].text

    def has_images(self) -> bool:
        """True: PDFs can be drawn."""
        return True


def read_pdf_benchmark(path: Path, run: Run) -> tuple[Collection, PdfPages]:
    """Read a benchmark folder's questions and its PDFs' pages.

    Args:
        path: see `read_benchmark`.
        run: gives the pages of files that it read; others are read into `RUN/benchmark/<name>`. Pages and documents
            that the benchmark names but does not hold are listed in `RUN/rejected/evaluate`.

    Raises:
        UserError: the benchmark is malformed, or none of its relevant pages could be read.
    """
    whole = read_benchmark(path)
    source = open_corpus(run, whole)
    asked, missing = leave_out_missing(whole, source.light)
    run.rejected(STAGE).write(whole.name, missing, fingerprint(STAGE))
    groups: dict[str, list[str]] = {EVERYTHING: list(source.light)}
    for page in source.light.values():
        groups.setdefault(page.document, []).append(page.id)
    collection = Collection(
        name=whole.name,
        benchmark=asked,
        source=source,
        groups=groups,
        scope={query.id: query.document or EVERYTHING for query in asked.queries},
        documents={page.id: page.document for page in source.light.values()},
        traits=collect_traits(asked.queries),
        version=fingerprint(source.made_from()),
        notes=(*describe_missing(missing), *asked.notes()),
    )
    return collection, source


def open_corpus(run: Run, benchmark: Benchmark) -> PdfPages:
    """Find the benchmark's pages in the run, and read the documents that the run lacks into `RUN/benchmark/<name>`.

    A document is the run's own if it was read from the same bytes. Other documents of the run are no part of the
    corpus. An unreadable document is left out, as in a run.

    Raises:
        UserError: no document of the corpus could be read.
    """
    folder = benchmark.path / "corpus"
    documents, _ = find_documents([folder], run.recipe.ingest.max_file_bytes)
    done = {document.stem for document in plan_ingest(run, [folder]).done}
    own = {
        document.stem
        for document in documents
        if document.stem in done
        or document.sha256 == next((page.sha256 for page in run.pages.read(document.stem)), None)
    }
    missing = [document for document in documents if document.stem not in own]
    parts = dict.fromkeys(own, run.pages)
    if missing:
        cache = _read_missing(run, benchmark, missing, alone=not own)
        parts |= dict.fromkeys((document.stem for document in missing), cache)
    readable = {name: parts[name] for name in sorted(parts) if next(parts[name].read(name), None) is not None}
    return PdfPages(readable, len(own & readable.keys()), tuple(sorted(parts.keys() - readable.keys())))


def leave_out_missing(benchmark: Benchmark, page_ids: Iterable[str]) -> tuple[Benchmark, list[Rejected]]:
    """Leave out questions of documents that were not read, and list the relevant pages that are not there.

    Args:
        benchmark: as it was read.
        page_ids: every page that was read.

    Raises:
        UserError: no relevant page is there at all: the benchmark belongs to other documents.

    Examples:
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


def describe_missing(rejected: Sequence[Rejected]) -> list[str]:
    """Notes for the table; none if nothing is missing."""
    pages = sum(row.reason == NO_PAGE for row in rejected)
    notes = [
        f"{pages} relevant pages are in no document (see rejected/{STAGE}): every system misses them.",
        f"{len(rejected) - pages} questions are of documents that were not read, and left out.",
    ]
    return [note for note, count in zip(notes, (pages, len(rejected) - pages), strict=True) if count]


def _read_missing(run: Run, benchmark: Benchmark, missing: Sequence[Document], alone: bool) -> Parts[Page]:
    """Read documents into the cache; failing on all of them is an error only if there are no others."""
    cache = Run.create(run.path / "benchmark" / benchmark.name, run.recipe)
    try:
        ingest(cache, [document.path for document in missing])
    except UserError:
        tried = cache.rejected("ingest")
        if alone or not all(tried.made_from(document.stem) for document in missing):
            raise
    return cache.pages


def _list_missing(benchmark: Benchmark, known: set[str], last_pages: Mapping[str, int]) -> Iterator[Rejected]:
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
