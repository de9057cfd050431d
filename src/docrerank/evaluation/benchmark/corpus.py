"""The pages that a benchmark is ranked over: the run's own where it read the same files, else read into the run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from docrerank.evaluation.benchmark.benchmark import Benchmark
from docrerank.pages import Document, find_documents, ingest, plan_ingest
from docrerank.records import Page, UserError
from docrerank.runs import Parts, Run


@dataclass(frozen=True, slots=True)
class Corpus:
    """A benchmark's documents and where the pages of each are kept.

    Attributes:
        parts: document to the parts that hold its pages; only documents of which a page could be read.
        own: how many of them are the run's own.
        unreadable: the documents without a page.
    """

    parts: Mapping[str, Parts[Page]]
    own: int
    unreadable: tuple[str, ...] = ()

    def read(self, document: str) -> list[Page]:
        """The pages of one document, in order."""
        return list(self.parts[document].read(document))

    def home(self, document: str) -> Path:
        """The run, or the folder beside it, that a document's pages and their encodings are kept in."""
        return self.parts[document].folder.parent

    def made_from(self) -> dict[str, str | None]:
        """Document to the fingerprint of its pages."""
        return {name: parts.made_from(name) for name, parts in sorted(self.parts.items())}


def open_corpus(run: Run, benchmark: Benchmark) -> Corpus:
    """Find the benchmark's pages in the run, and read the documents that the run lacks into `RUN/benchmark/<name>`.

    A document is the run's own if it was read from the same bytes. Documents of the run that are not in the
    benchmark's corpus are no part of it. One that cannot be read is left out, as in a run.

    Raises:
        UserError: no document of the corpus could be read.
    """
    folder = benchmark.path / "corpus"
    documents, _ = find_documents([folder], run.recipe.ingest.max_file_bytes)
    done = {document.stem for document in plan_ingest(run, [folder]).done}
    own = {document.stem for document in documents if document.stem in done or _is_in(run.pages, document)}
    missing = [document for document in documents if document.stem not in own]
    parts = dict.fromkeys(own, run.pages)
    if missing:
        cache = _read_missing(run, benchmark, missing, alone=not own)
        parts |= dict.fromkeys((document.stem for document in missing), cache)
    readable = {name: parts[name] for name in sorted(parts) if next(parts[name].read(name), None) is not None}
    return Corpus(readable, len(own & readable.keys()), tuple(sorted(parts.keys() - readable.keys())))


def find_pages(run: Run, benchmark: str, page_ids: Iterable[str]) -> dict[str, Page]:
    """Pages that a benchmark of this name was ranked over, by their ids; ids that are nowhere are left out."""
    wanted = set(page_ids)
    found: dict[str, Page] = {}
    for document in sorted({page_id.rpartition("/")[0] for page_id in wanted}):
        for parts in (_cache_folder(run, benchmark), run.pages):
            for page in parts.read(document):
                if page.id in wanted:
                    found.setdefault(page.id, page)
    return found


def name_benchmark(benchmark: Benchmark) -> str:
    """A benchmark is called by its folder's name."""
    return benchmark.path.resolve().name


def _is_in(parts: Parts[Page], document: Document) -> bool:
    first = next(parts.read(document.stem), None)
    return first is not None and first.sha256 == document.sha256


def _read_missing(run: Run, benchmark: Benchmark, missing: Sequence[Document], alone: bool) -> Parts[Page]:
    """Read documents into the cache; that none of them can be read is an error only if there are no others."""
    cache = Run.create(run.path / "benchmark" / name_benchmark(benchmark), run.recipe)
    try:
        ingest(cache, [document.path for document in missing])
    except UserError:
        tried = cache.rejected("ingest")
        if alone or not all(tried.made_from(document.stem) for document in missing):
            raise
    return cache.pages


def _cache_folder(run: Run, benchmark: str) -> Parts[Page]:
    return Parts(run.path / "benchmark" / Path(benchmark).name / "pages", Page)
