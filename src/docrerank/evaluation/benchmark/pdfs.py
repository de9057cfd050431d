"""A local folder of PDFs with its questions as a collection."""

from __future__ import annotations

from pathlib import Path

from docrerank.evaluation.benchmark.collection import EVERYTHING, Collection, collect_traits
from docrerank.evaluation.benchmark.corpus import Corpus, name_benchmark, open_corpus
from docrerank.evaluation.benchmark.missing import STAGE, describe_missing, leave_out_missing
from docrerank.evaluation.benchmark.page_sources import PdfPages
from docrerank.evaluation.benchmark.reading import read_benchmark
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


def read_pdf_benchmark(path: Path, run: Run) -> tuple[Collection, Corpus, PdfPages]:
    """Read a benchmark folder's questions and its PDFs' pages.

    Args:
        path: see `read_benchmark`.
        run: its pages are used where it read the same files; others are read into `RUN/benchmark/<name>`. What the
            benchmark names and nobody has is told in `RUN/rejected/evaluate`.

    Returns:
        the questions, where the pages of each document are kept, and the pages.

    Raises:
        UserError: the benchmark is malformed, or none of its relevant pages was read.
    """
    whole = read_benchmark(path)
    corpus = open_corpus(run, whole)
    source = PdfPages(corpus)
    asked, missing = leave_out_missing(whole, source.light)
    run.rejected(STAGE).write(name_benchmark(whole), missing, fingerprint(STAGE))
    groups: dict[str, list[str]] = {EVERYTHING: list(source.light)}
    for page in source.light.values():
        groups.setdefault(page.document, []).append(page.id)
    collection = Collection(
        name=name_benchmark(whole),
        benchmark=asked,
        source=source,
        groups=groups,
        scope={query.id: query.document or EVERYTHING for query in asked.queries},
        documents={page.id: page.document for page in source.light.values()},
        traits=collect_traits(asked.queries),
        version=fingerprint(corpus.made_from()),
        notes=(*describe_missing(missing), *asked.notes()),
    )
    return collection, corpus, source
