from __future__ import annotations

from pathlib import Path

import pytest

from docrerank.evaluation import Benchmark, BenchmarkQuery, check_pages
from docrerank.records import UserError

PAGES = ["a/1", "a/2", "a/10", "b/c/1"]


def make_benchmark(*pages: str, document: str | None = None) -> Benchmark:
    qrels = {"q": dict.fromkeys(pages, 1)}
    lines = {"q": {page: number for number, page in enumerate(pages, 2)}}
    return Benchmark(Path("bench"), (BenchmarkQuery("q", "Net sales?", document=document, line=7),), qrels, lines)


def test_pages_that_were_read_pass() -> None:
    check_pages(make_benchmark("a/10", "b/c/1", document="a"), PAGES)


def test_a_page_beyond_the_end_is_named_with_its_line_and_the_last_page() -> None:
    with pytest.raises(UserError) as caught:
        check_pages(make_benchmark("a/1", "a/11"), PAGES)
    assert str(caught.value) == (
        f"{Path('bench/qrels/test.tsv')}: page 'a/11' (line 3) is not among the pages read; "
        "the last page read of 'a' is 10: see what was rejected, or mend the line"
    )


def test_three_of_many_missing_pages_are_named() -> None:
    with pytest.raises(UserError) as caught:
        check_pages(make_benchmark(*(f"x/{number}" for number in range(1, 6))), PAGES)
    assert "pages 'x/1' (line 2), 'x/2' (line 3), 'x/3' (line 4) and 2 more (5 in all) are not" in str(caught.value)
    assert "x/4" not in str(caught.value)


@pytest.mark.parametrize(
    ("page", "cause"),
    [
        ("a.pdf/1", "no page of 'a.pdf' was read: a page id is '<PDF name without .pdf>/<page from 1>'"),
        ("a/0", "page numbers start at 1: add 1"),
        ("a", "no page of 'a' was read"),
        ("a/3", "the last page read of 'a' is 10: see what was rejected"),
    ],
)
def test_a_missing_page_comes_with_a_likely_cause(page: str, cause: str) -> None:
    with pytest.raises(UserError) as caught:
        check_pages(make_benchmark(page), PAGES)
    assert cause in str(caught.value)


def test_a_document_that_was_not_read_is_named_with_its_line() -> None:
    with pytest.raises(UserError, match=r"queries\.jsonl: document 'z' \(line 7\) is not among the documents read; "):
        check_pages(make_benchmark("a/1", document="z"), PAGES)


def test_missing_pages_are_named_without_lines_when_those_are_unknown() -> None:
    benchmark = Benchmark(Path("bench"), (BenchmarkQuery("q", "Why?"),), {"q": {"a/5": 1}})
    with pytest.raises(UserError, match="page 'a/5' is not among"):
        check_pages(benchmark, PAGES)
