"""What a question asks of a document by kind, and by company and year; and that what is unknown changes nothing."""

from __future__ import annotations

import numpy as np
import pytest

from docrerank.records import Page
from docrerank.retrieval import FirstStage, NamedPages
from docrerank.retrieval.encoder import Encoding
from docrerank.retrieval.named_filings import Filing, match_filings, read_asked
from docrerank.retrieval.named_kinds import find_kinds


@pytest.mark.parametrize(
    ("question", "kinds"),
    [
        ("What is the quick ratio of Acme in FY2020?", {"balance sheet"}),
        ("days payable outstanding", {"balance sheet", "income statement"}),
        ("What was EBITDA in 2021?", {"income statement", "cash flow statement"}),
        (
            "unadjusted EBITDA margin, by the statement of income and the cash flow statement",
            {"income statement", "cash flow statement"},
        ),
        ("net debt to EBITDA", {"balance sheet", "income statement", "cash flow statement"}),
        ("Is it a capital-intensive business?", {"balance sheet", "income statement", "cash flow statement"}),
        ("effective tax rate in 2020", {"income statement", "tax note"}),
        ("Which Adjusted EBITDA was reported?", {"reconciliation"}),
        ("How did US sales growth compare to sales growth by region?", {"segment note"}),
        ("How many authors does the reference section list?", {"references"}),
        ("What is said in the limitations section?", {"limitations"}),
        ("the last entries of the table of contents", {"contents"}),
        ("What is the picture on the cover?", {"cover"}),
        ("Who wrote this report?", {"cover"}),
        ("What covers the table?", set()),
        ("Which method won, and with what results?", set()),
        ("Who is on the board?", set()),
    ],
)
def test_a_question_names_kinds_of_page(question: str, kinds: set[str]) -> None:
    assert set(find_kinds(question)) == kinds


def test_a_row_of_a_statement_says_less_than_a_ratio() -> None:
    assert (
        find_kinds("What was net income?")["income statement"][0]
        < find_kinds("What was the net margin?")["income statement"][0]
    )


def test_adjusted_earnings_per_share_stand_in_words_on_other_pages_too() -> None:
    assert (
        find_kinds("Did adjusted EPS grow?")["reconciliation"][0] < find_kinds("adjusted EBITDA")["reconciliation"][0]
    )


def make_page(document: str, number: int, kind: str = "", company: str = "", period: str = "") -> Page:
    kinds, sure = ((kind,), (0.95,)) if kind else ((), ())
    boxes = np.zeros((2, 4), np.float32)
    return Page(
        f"{document}/{number}",
        document,
        number,
        "",
        "",
        1,
        1,
        "some text",
        "layer",
        boxes,
        kinds,
        sure,
        (),
        company,
        period,
        "10-K",
    )


FILINGS = [
    make_page(document, number, kind, company, period)
    for document, company, period in (
        ("a", "Fern & Moss, Inc. (FNM)", "2020"),
        ("b", "Fern & Moss, Inc. (FNM)", "2021"),
        ("c", "Alder Health Corporation", "2021"),
    )
    for number, kind in enumerate(("cover", "balance sheet", "income statement"), 1)
]


def test_all_statements_of_the_filing_asked_come_first_and_say_why() -> None:
    named = NamedPages(FILINGS)
    question = "What was Fern & Moss's return on assets in FY2021?"
    best = np.argsort(-named.score(question), kind="stable")[:2]
    assert [FILINGS[row].id for row in best] == ["b/2", "b/3"]
    assert named.explain(question, 4) == "return on asset: balance sheet; Fern & Moss, Inc., 2021"
    assert named.explain("What is shown?", 4) == ""


@pytest.mark.parametrize("name", ["Fern & Moss", "FNM", "Fern and Moss", "FM's", "FernMoss"])
def test_a_company_is_known_by_its_names(name: str) -> None:
    assert match_filings(
        f"What did {name} sell in 2020?",
        [Filing("Fern & Moss, Inc. (FNM)", "2020", "10-K"), Filing("Alder", "2020", "10-K")],
        ["x", "y"],
    )[0] == (0.0 if name == "FM's" else 1.0)


@pytest.mark.parametrize("question", ["How many ferns are there?", "what is fern", "Was Fernando there in 2021?"])
def test_a_word_like_that_of_a_company_names_no_filing(question: str) -> None:
    assert not NamedPages(FILINGS).score(question).any()


def test_the_year_of_the_report_counts_before_years_spoken_of() -> None:
    assert read_asked("As of FY 2021, how much is expected to be paid in 2024?").year == "2021"
    assert read_asked("revenue in Q2 of 2023").quarter == "2"


def test_a_year_without_its_own_report_is_asked_of_the_next() -> None:
    filings = [Filing("Alder", year, "10-K") for year in ("2018", "2021", "2022")]
    scores = match_filings("Alder's sales in 2020", filings, ["x", "y", "z"])
    assert scores[1] > scores[2] > scores[0] > 0


def test_pages_of_unknown_kind_keep_their_order() -> None:
    pages = [make_page("a", number) for number in range(1, 5)]
    windows = [np.array([[1.0, 0.1 * number]], np.float32) for number in range(4)]
    query = Encoding(np.ones((1, 2), np.float32), np.ones((1, 2), np.float32))
    stage = FirstStage(pages, windows)
    found = stage.find("What is the quick ratio of FY2020?", query, 4)
    assert found.pages == pages[::-1]
    assert not found.named.any()
