from __future__ import annotations

import pytest
from pages import lay_out

from docrerank.queries.index import DocumentIndex, PageIndex
from docrerank.queries.judge import agree, judge_negative, judge_positive
from docrerank.records import Query

PAGE = lay_out("""
Revenue by region in 2019
Sales in the United States grew by 12% to $4.2 billion, helped by new stores.
The plan covers fiscal years 2021-2024 and 1,250 employees.
""")


def negative(edited: str) -> Query:
    return Query("q/n1", PAGE.id, f"How much did sales grow: {edited}?", "hard_negative", "question", edited=edited)


@pytest.mark.parametrize("edited", ["2019", "2022", "America", "turnover", "1250", "staff"])
def test_a_negative_is_dropped_when_its_edit_stands_on_the_page_in_any_form(edited: str) -> None:
    assert not agree(judge_negative(negative(edited), PageIndex(PAGE)), answerable=False)


@pytest.mark.parametrize("edited", ["2018", "Canada", "net income", "suppliers", "13%"])
def test_a_negative_is_kept_when_the_page_does_not_know_its_edit(edited: str) -> None:
    assert agree(judge_negative(negative(edited), PageIndex(PAGE)), answerable=False)


@pytest.mark.parametrize("edited", ["lowest", "higher", "least"])
def test_a_page_that_tells_the_highest_tells_the_lowest(edited: str) -> None:
    assert not agree(judge_negative(negative(edited), PageIndex(PAGE)), answerable=False)


def test_the_documents_own_name_does_not_hide_an_edit_that_stands_on_the_page() -> None:
    edit, index = negative("Acme United States"), PageIndex(PAGE)
    assert not agree(judge_negative(edit, index, "Acme"), answerable=False)
    assert agree(judge_negative(edit, index), answerable=False)  # the control: why the name is put aside
    assert agree(judge_negative(negative("Acme"), index, "Acme"), answerable=False)


@pytest.mark.parametrize("edited", ["helped by newstores", "help-ed by new stores", "to $4.2 billion helped by new"])
def test_hyphens_and_line_ends_do_not_hide_an_edit_that_stands_on_the_page(edited: str) -> None:
    assert not agree(judge_negative(negative(edited), PageIndex(PAGE)), answerable=False)


def test_a_long_statement_over_many_lines_is_found_and_a_short_word_inside_others_is_not() -> None:
    index = PageIndex(lay_out("share of those\nwho say that\ntheir parents\noften spoke Spanish"))
    assert not agree(judge_negative(negative("those who say that their parents often spoke Spanish"), index), False)
    assert agree(judge_negative(negative("are"), index), False)


def positive(text: str, answer: str, evidence: str) -> Query:
    return Query("q", PAGE.id, text, "positive", "question", answer=answer, evidence=evidence)


def test_a_positive_needs_both_wordings() -> None:
    evidence = "Sales in the United States grew by 12% to $4.2 billion, helped by new stores."
    index = PageIndex(PAGE)
    good = positive("How much did sales in the United States grow?", "12%", evidence)
    assert agree(judge_positive(good, index, ""), answerable=True)
    other_year = positive("How much did sales in the United States grow in 2010?", "12%", evidence)
    assert not agree(judge_positive(other_year, index, ""), answerable=True)
    joined = positive("How much did sales in the United States grow?", "12% to $4.2", evidence.replace(" to ", ": "))
    bare = lay_out(evidence.replace(" to ", ": "))
    assert agree(judge_positive(joined, PageIndex(bare), ""), answerable=True)  # "to" is the writer's own word
    wrong_answer = positive("How much did sales in the United States grow?", "77%", evidence)
    assert not agree(judge_positive(wrong_answer, index, ""), answerable=True)


def test_other_pages_that_answer_are_found_and_the_own_page_is_not() -> None:
    pages = [lay_out("Net sales were 4 in 2019", 1), lay_out("Sales, net: 4\nin 2019", 2), lay_out("Net debt 2019", 3)]
    assert DocumentIndex(pages).answering("What were net sales in 2019?", "", "doc/1") == ("doc/2",)
