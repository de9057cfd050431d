from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from docrerank.mining import Exclusions, is_above_margin
from docrerank.mining.exclusions import find_key_terms
from docrerank.records import Page, Query
from docrerank.retrieval import FirstStage


def make_page(text: str, number: int) -> Page:
    boxes = np.zeros((len(text.split()), 4), np.float32)
    return Page(f"a/{number}", "a", number, "a.pdf", "0" * 64, 612, 792, text, "layer", boxes)


def exclude(texts: list[str]) -> Exclusions:
    pages = [make_page(text, number) for number, text in enumerate(texts, 1)]
    return Exclusions(FirstStage(pages, [np.zeros((0, 1), np.float32) for _ in pages]), 0.8)


@pytest.fixture
def exclusions() -> Exclusions:
    own = "Net sales in Canada were 41 million dollars in 2020, the board said on Monday in a long letter"
    texts = [
        own,
        own.replace("long letter", "long note"),
        "Letter: sales in Canada, net of returns, came to 41 million",
        "The board met in Canada and spent 41 million dollars",
        "",
    ]
    return exclude(texts)


QUERY = Query("a/1#0", "a/1", "What were net sales in Canada?", "positive", "question", answer="41 million")


@pytest.mark.parametrize(
    ("row", "reason"),
    [(0, "own page"), (1, "near-identical page"), (2, "holds the answer"), (3, ""), (4, "no text")],
)
def test_a_page_is_left_out_for_its_reason(exclusions: Exclusions, row: int, reason: str) -> None:
    assert exclusions.find_reason(QUERY, 0, row) == reason


def test_a_page_that_is_known_to_answer_is_left_out(exclusions: Exclusions) -> None:
    known = dataclasses.replace(QUERY, answered_by=("a/4",))
    assert exclusions.find_reason(known, 0, 3) == "answers the query"
    assert exclusions.find_reason(QUERY, 0, 3) == ""  # the control: nothing else leaves it out


TABLE = "Net sales by region, all amounts in millions of dollars: Canada {} Mexico {} and all others in the year {}"


def test_a_table_that_differs_in_a_number_asked_for_stays_and_one_that_differs_in_others_goes() -> None:
    numbers = [(41, 52, 2020), (38, 52, 2019), (41, 57, 2020), (41, 52, 2020)]
    exclusions = exclude([TABLE.format(*own) for own in numbers])
    asked = dataclasses.replace(QUERY, text="sales that the company had in Canada in 2020")
    reasons = [exclusions.find_reason(asked, 0, row) for row in range(4)]
    assert reasons == ["own page", "", "near-identical page", "near-identical page"]
    of_both = dataclasses.replace(asked, answer="41 in Canada, 52 in Mexico")
    reasons = [exclusions.find_reason(of_both, 0, row) for row in range(4)]
    assert reasons == ["own page", "", "", "near-identical page"]


def test_an_answer_inside_a_longer_number_is_not_on_the_page(exclusions: Exclusions) -> None:
    query = Query("a/1#1", "a/1", "net sales Canada", "positive", "keywords", answer="1 million")
    assert exclusions.find_reason(query, 0, 2) == ""


def test_the_margin_does_not_depend_on_what_is_added_to_all_scores() -> None:
    scores = np.array([1.0, 0.97, 0.5, -2.0, 1.2], np.float32)
    expected = [True, True, False, False, True]
    assert is_above_margin(scores, 0, 0.05).tolist() == expected
    assert is_above_margin(scores - 5, 0, 0.05).tolist() == expected
    naive = [score >= 0.95 * (scores[0] - 5) for score in scores - 5]
    assert naive != expected  # the control: the rule on raw z-scores turns round where they are negative


def test_a_wider_margin_leaves_out_more() -> None:
    scores = np.array([1.0, 0.8, 0.0], np.float32)
    assert is_above_margin(scores, 0, 0.3).tolist() == [True, True, False]
    assert is_above_margin(scores, 0, 0.0).tolist() == [True, False, False]


def test_equal_scores_say_nothing() -> None:
    assert is_above_margin(np.zeros(3, np.float32), 0, 0.05).tolist() == [False, False, False]


def test_key_terms_are_long_words_and_numbers() -> None:
    assert find_key_terms("What were the net sales of 2020?") == {"sales", "2020"}
