"""A local folder of PDFs with its questions as a collection."""

from __future__ import annotations

from pathlib import Path

from docrerank.benchmark.collection import EVERYTHING, Collection, collect_traits
from docrerank.benchmark.corpus import open_corpus
from docrerank.benchmark.missing import describe_missing, leave_out_missing
from docrerank.benchmark.reading import read_benchmark
from docrerank.benchmark.shelves import PageShelf
from docrerank.recipe import fingerprint
from docrerank.runs import Run


def is_pdf_benchmark(path: Path) -> bool:
    """Whether a folder holds `corpus/*.pdf`.

    Example:
        >>> is_pdf_benchmark(Path("nowhere"))
        False
    """
    corpus = path / "corpus"
    return corpus.is_dir() and any(file.suffix.lower() == ".pdf" for file in corpus.iterdir())


def read_pdf_benchmark(path: Path, run: Run) -> Collection:
    """Read a benchmark folder's questions and its PDFs' pages.

    Args:
        path: see `read_benchmark`.
        run: its pages are used where it read the same files; others are read into `RUN/benchmark/<name>`.

    Raises:
        UserError: the benchmark is malformed, or none of its relevant pages was read.
    """
    whole = read_benchmark(path)
    corpus = open_corpus(run, whole)
    pages = [page for document in corpus.parts for page in corpus.read(document)]
    asked, missing = leave_out_missing(whole, [page.id for page in pages])
    groups: dict[str, list[str]] = {EVERYTHING: [page.id for page in pages]}
    for page in pages:
        groups.setdefault(page.document, []).append(page.id)
    return Collection(
        name=path.resolve().name,
        benchmark=asked,
        shelf=PageShelf(pages),
        groups=groups,
        scope={query.id: query.document or EVERYTHING for query in asked.queries},
        traits=collect_traits(asked.queries),
        version=fingerprint(corpus.made_from()),
        notes=(*asked.notes(), *describe_missing(missing)),
    )
