"""Pages that a query names: what is read from the query, and which pages it means."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from docrerank.records import Page
from docrerank.retrieval import NamedPages
from docrerank.retrieval.named_pages import (
    FIRST,
    LABEL,
    MAX_RANGE,
    MENTION,
    NUMBER,
    find_named,
    number_pages,
    strip_numbers,
)


def make_page(number: int, text: str = "", document: str = "report") -> Page:
    boxes = np.zeros((len(text.split()), 4), np.float32)
    return Page(f"{document}/{number}", document, number, "report.pdf", "0", 600, 800, text, "layer", boxes)


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("What is the total on page 12?", {12}),
        ("the chart in Slide 4", {4}),
        ("which number is on page fourteen", {14}),
        ("summarise pages 3-5", {3, 4, 5}),
        ("from page 3 to page 5", {3, 4, 5}),
        ("apps that are on both page 21 and 62", {21, 62}),
        ("see p. 7", {7}),
        ("the court noted on the cover page", {FIRST}),
        ("what is on the cover", {FIRST}),
        ("the answer on page(4), as a list like ['Page 7']", {4}),
        ("the third slide and the last page", {3, -1}),
        ("the 15th page", {15}),
        ("how many pages are there", set()),
        ("revenue of 2012, pageviews 17", set()),
        ("page 0", set()),
    ],
)
def test_page_numbers_are_read_however_they_are_written(query: str, numbers: set[int]) -> None:
    assert find_named(query).numbers == numbers


@pytest.mark.parametrize(
    ("query", "labels"),
    [
        ("the bars in Figure 3", (("figure", "3"),)),
        ("Table 1-1 and Fig. 2.4", (("table", "1-1"), ("fig", "2.4"))),
        ("according to Appendix B", (("appendix", "b"),)),
        ("how many chapters are in this report", ()),
        ("what does the table show", ()),
        ("table seats in 2019", ()),
        ("who answered Q41a-t of form W-9?", (("", "q41a-t"), ("", "w-9"))),
        ("sales of FY2022, Q1FY23, 3Q23 and Q2'2023 in the 10-K, 250M, the 2nd quarter, 20% or $5bn", ()),
        ("the level-6 skills of 2019A or 12-14", ()),
    ],
)
def test_labels_need_a_number_or_a_capital(query: str, labels: tuple[tuple[str, str], ...]) -> None:
    assert find_named(query).labels == labels


def test_a_label_counts_more_where_a_line_begins_with_it() -> None:
    pages = [make_page(1, "as Figure 3 shows\n"), make_page(2, "text\nFigure 3: Sales\n"), make_page(3, "Figure 31\n")]
    assert NamedPages(pages).score("bars in figure 3").tolist() == pytest.approx([MENTION, LABEL, 0])


def test_a_rare_label_brings_its_few_pages_up_and_a_frequent_one_none() -> None:
    pages = [make_page(1, "asked in Q41a-t, too\n"), make_page(2, "Q41a-t2 and Q41\n"), make_page(3, "see q41A-T.\n")]
    named = NamedPages(pages)
    assert named.score("What did most people answer to Q41a-t?").tolist() == pytest.approx([LABEL, 0, LABEL])
    assert named.explain("What did most people answer to Q41a-t?", 2) == "q41a-t"
    often = NamedPages([make_page(n, "GPT-4 is tested\n") for n in range(1, 5)])
    assert not often.score("How good is GPT-4?").any()


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("How many sites are named in the Section Related Work?", [1, 2]),
        ("Who is cited in the chapter on roses?", [3]),
        ("List the tools of the Roses section", [3]),
        ("How many roses has each section?", []),
        ("What is said of roses and of related work?", []),
    ],
)
def test_the_pages_under_a_heading_that_a_query_names_as_a_section_are_brought_up(query: str, rows: list[int]) -> None:
    headings = [("Work",), ("2 Related Work",), ("2 Related Work", "2.1 Old"), ("Chapter 3: Roses",)]
    pages = [replace(make_page(at), headings=own) for at, own in enumerate(headings, 1)]
    named = NamedPages(pages)
    assert np.flatnonzero(named.score(query)).tolist() == rows
    assert all(named.explain(query, row).startswith("section ") for row in rows)


def test_a_number_means_the_place_in_the_document_or_what_is_printed_there() -> None:
    pages = [make_page(n, f"Annual report {n + 100}\nsome text\n") for n in range(1, 11)]
    scores = NamedPages(pages).score("the table on page 105")
    assert np.flatnonzero(scores).tolist() == [4]
    assert NamedPages(pages).score("the table on page 5")[4] == NUMBER


def test_a_page_that_shows_a_spread_has_both_its_numbers() -> None:
    pages = [make_page(n, f"{2 * n - 4} left\ntext\nright {2 * n - 3}\n") for n in range(1, 9)]
    assert number_pages(pages)[6] == {7, 10, 11}


def test_numbers_that_do_not_run_with_the_pages_are_not_page_numbers() -> None:
    pages = [make_page(n, "2019\ntext\n17\n") for n in range(1, 11)]
    assert [own - {-1, FIRST} for own in number_pages(pages)] == [{n} for n in range(1, 11)]


def test_the_last_page_is_that_of_its_own_document() -> None:
    pages = [make_page(1), make_page(2), make_page(1, document="other")]
    assert NamedPages(pages).score("what stands on the last page?").tolist() == [0, NUMBER, NUMBER]


def test_a_query_that_names_nothing_prefers_nothing() -> None:
    assert not NamedPages([make_page(1, "Figure 1\n"), "a text"]).score("net sales in 2019").any()


@given(st.text(max_size=200), st.lists(st.text(max_size=80), max_size=4))
def test_any_text_gives_scores_between_zero_and_one(query: str, texts: list[str]) -> None:
    scores = NamedPages([make_page(n, text) for n, text in enumerate(texts, 1)]).score(query)
    assert scores.shape == (len(texts),)
    assert ((scores >= 0) & (scores <= 1)).all()


def test_a_long_range_is_cut_and_a_long_query_costs_little() -> None:
    assert len(find_named("pages 1-9999").numbers) == MAX_RANGE + 1
    started = time.process_time()
    find_named("page " * 200_000 + "figure " * 200_000)
    NamedPages(["figure " * 200_000]).score("figure 3")
    assert time.process_time() - started < 5


def test_numbers_are_stripped_from_the_margins_alone() -> None:
    body = "table 12\n" * 4
    assert strip_numbers(f"12 Annual report\n{body}Page 12 \n", [12]).split("\n")[0].strip() == "Annual report"
    assert strip_numbers(f"a\nb\nc\n{body}d\ne\nPage 12 \n", [12]) == f"a\nb\nc\n{body}d\ne\nPage "
    assert strip_numbers("Report 2012\n", [12]) == "Report 2012"
    assert strip_numbers("", [12]) == ""
