"""The questions on annual reports: their form, and that every page said to answer one shows its figure."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from docrerank.evaluation.benchmark import Benchmark, read_benchmark

FOLDER = Path(__file__).parents[2] / "benchmarks" / "filings"
SHARED = Path(__file__).resolve().parents[3] / "shared" / "corpora" / "filings"
EVIDENCE = {"Table", "Text", "Chart"}
needs_filings = pytest.mark.skipif(not SHARED.is_dir(), reason="the shared annual reports are not here")


@pytest.fixture(scope="module")
def benchmark(tmp_path_factory: pytest.TempPathFactory) -> Benchmark:
    """As the program reads it; an empty PDF stands in for the filings, which the reader only looks for."""
    folder = tmp_path_factory.mktemp("filings")
    (folder / "corpus").mkdir()
    (folder / "corpus" / "any.pdf").touch()
    for part in ("queries.jsonl", "qrels"):
        (folder / part).symlink_to(FOLDER / part)
    return read_benchmark(folder)


def read_figures() -> list[tuple[str, str, str]]:
    """Query id, page id, and words or figures of the answer as that page's text has them."""
    header, *rows = (FOLDER / "figures.tsv").read_text(encoding="utf-8").splitlines()
    assert header.split("\t") == ["query-id", "corpus-id", "figure"]
    return [(query, page, figure) for query, page, figure in (row.split("\t") for row in rows)]


def find_missing(figures: list[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """The figures that do not stand in the text of their page, or whose page does not exist."""
    import pypdfium2

    pages: dict[str, str] = {}
    for name in {page.rpartition("/")[0] for _, page, _ in figures}:
        with pypdfium2.PdfDocument(SHARED / f"{name}.pdf") as document:
            for number in {int(page.rpartition("/")[2]) for _, page, _ in figures if page.startswith(f"{name}/")}:
                if number <= len(document):
                    pages[f"{name}/{number}"] = clean(document[number - 1].get_textpage().get_text_range())
    return [row for row in figures if clean(row[2]) not in pages.get(row[1], "")]


def clean(text: str) -> str:
    return " ".join(text.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").split())


def test_it_holds_enough_questions_of_both_kinds_over_all_ten_filings(benchmark: Benchmark) -> None:
    assert len(benchmark.ranked()) >= 60
    assert len(benchmark.unanswerable()) >= 12
    assert not benchmark.unjudged()
    answerable = Counter(query.document for query in benchmark.ranked())
    assert len(answerable) == 10
    assert min(answerable.values()) >= 6
    assert len({query.text for query in benchmark.queries}) == len(benchmark.queries)


def test_every_question_says_its_document_evidence_and_answer(benchmark: Benchmark) -> None:
    for query in benchmark.queries:
        assert query.document
        assert set(query.evidence) <= EVIDENCE
        assert bool(query.evidence) == query.answerable
        assert (query.metadata["answer"] == "Not answerable") == (not query.answerable)


def test_every_relevant_page_has_its_figure_unless_it_is_drawn(benchmark: Benchmark) -> None:
    shown = {(query, page) for query, page, _ in read_figures()}
    judged = {(query, page) for query, pages in benchmark.qrels.items() for page in pages}
    drawn = {query.id for query in benchmark.queries if query.evidence == ("Chart",)}
    assert shown <= judged
    assert {query for query, _ in judged - shown} == drawn


@needs_filings
def test_every_relevant_page_exists(benchmark: Benchmark) -> None:
    import pypdfium2

    counts: dict[str, int] = {}
    for page in {page for pages in benchmark.qrels.values() for page in pages}:
        name, _, number = page.rpartition("/")
        if name not in counts:
            with pypdfium2.PdfDocument(SHARED / f"{name}.pdf") as document:
                counts[name] = len(document)
        assert 1 <= int(number) <= counts[name], page
    assert set(counts) == {file.stem for file in SHARED.glob("*.pdf")}


@needs_filings
def test_every_figure_stands_on_its_page() -> None:
    assert find_missing(read_figures()) == []


@needs_filings
def test_a_figure_of_another_page_is_found_out() -> None:
    query, page, figure = read_figures()[0]
    name, _, number = page.rpartition("/")
    wrong = [(query, f"{name}/{int(number) + 1}", figure), (query, f"{name}/9999", figure)]
    assert find_missing(wrong) == wrong


@needs_filings
def test_the_folder_is_read_once_its_corpus_is_linked(tmp_path: Path) -> None:
    for part in ("queries.jsonl", "qrels"):
        (tmp_path / part).symlink_to(FOLDER / part)
    (tmp_path / "corpus").symlink_to(SHARED)
    linked = read_benchmark(tmp_path)
    lines = (FOLDER / "queries.jsonl").read_text(encoding="utf-8").splitlines()
    assert [query.id for query in linked.queries] == [json.loads(line)["_id"] for line in lines]
