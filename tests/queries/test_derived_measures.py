"""Measures that a page answers by its parts: written, edited into near misses, and judged by what the page lacks."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pages import lay_out

from docrerank.pages import blocks
from docrerank.queries import PageIndex, Rules
from docrerank.queries.derived_measures import (
    can_work_out,
    find_measure,
    load_measures,
    read_derived,
    similar_measures,
)
from docrerank.queries.judge import agree
from docrerank.queries.read_tables import read_tables
from docrerank.recipe import Generate
from docrerank.records import Page, Query

BALANCE = lay_out(
    """
Harbour Company
Consolidated Balance Sheets

                               2019     2018
Cash and cash equivalents       120      100
Accounts receivable, net         80       60
Total current assets            450      400
Total assets                    900      850
Total current liabilities       300      200
Total liabilities               500      450
Total equity                    400      400
"""
)
CASH_FLOWS = lay_out(
    """
Harbour Company
Consolidated Statements of Cash Flows

                                                2019     2018
Net cash provided by operating activities        300      280
Capital expenditures                           (120)    (100)
Net income                                       150      140
""",
    2,
)


def answers(page: Page) -> dict[tuple[str, str], str]:
    lines = [line for block in blocks(page) for line in block.lines]
    return {
        (fact.parts["derived"], fact.parts["year"]): fact.answer for fact in read_derived(list(read_tables(lines)))
    }


def ask(text: str, page: Page, kind: str = "positive", **fields: str) -> Query:
    return Query("q", page.id, text, kind, "question", **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("measure", "value"),
    [("current ratio", "1.50"), ("quick ratio", "0.67"), ("working capital", "150"), ("equity ratio", "44.4%")],
)
def test_a_measure_is_worked_out_from_its_rows(measure: str, value: str) -> None:
    assert answers(BALANCE)[measure, "2019"] == value


def test_what_is_taken_away_may_stand_in_brackets() -> None:
    assert answers(CASH_FLOWS)["free cash flow", "2019"] == "180"
    assert answers(CASH_FLOWS)["free cash flow", "2018"] == "180"


def test_a_page_that_lacks_a_part_is_not_asked() -> None:
    assert not {name for name, _ in answers(CASH_FLOWS)} & {"current ratio", "debt ratio", "operating margin"}


def test_a_part_with_two_amounts_for_a_year_is_not_asked() -> None:
    page = lay_out(
        """
                               2019     2018
Total current assets            450      400
Total current liabilities       300      200
Total current assets            410      390
"""
    )
    assert not answers(page)


def test_every_measure_is_made_of_known_parts_and_has_others_like_it() -> None:
    page = PageIndex(lay_out("nothing"))
    for measure in load_measures():
        assert measure.parts()
        assert not can_work_out(measure, page)
        assert not set(measure.names) & set(similar_measures(measure.names[0]))
    assert similar_measures("quick ratio")[0] in ("current ratio", "cash ratio")


def test_two_names_of_one_measure_are_no_near_miss() -> None:
    assert find_measure("gross margin in 2019") == find_measure("gross profit margin in 2019")
    assert "gross profit margin" not in similar_measures("gross margin")


def test_the_judge_knows_that_parts_answer_a_positive_and_checks_its_year() -> None:
    rules = Rules([BALANCE, CASH_FLOWS], Generate(), 13)
    evidence = "Total current assets 450 400 Total current liabilities 300 200"
    asked = ask("What was Harbour's current ratio in 2019?", BALANCE, answer="1.50", evidence=evidence)
    assert agree(rules.judge(asked), answerable=True)
    wrong_year = ask("What was Harbour's current ratio in 2015?", BALANCE, answer="1.50", evidence=evidence)
    assert not agree(rules.judge(wrong_year), answerable=True)
    other_page = ask("What was Harbour's current ratio in 2019?", CASH_FLOWS, answer="1.50", evidence=evidence)
    assert not agree(rules.judge(other_page), answerable=True)


def test_a_near_miss_by_measure_passes_only_if_the_page_lacks_a_part() -> None:
    rules = Rules([BALANCE, CASH_FLOWS], Generate(), 13)
    fields = {"original": "current ratio", "property": "metric"}
    lacking = ask(
        "What was the operating margin in 2019?", BALANCE, "hard_negative", edited="operating margin", **fields
    )
    assert agree(rules.judge(lacking), answerable=False)
    derivable = ask("What was the quick ratio in 2019?", BALANCE, "hard_negative", edited="quick ratio", **fields)
    assert not agree(rules.judge(derivable), answerable=False)


def test_the_writer_asks_for_measures_and_edits_them_into_others() -> None:
    rules = Rules([BALANCE, CASH_FLOWS], Generate(negative_candidates=40), 13)
    derived = [query for query in rules.positives(BALANCE) if query.writer.endswith(" derived")]
    assert derived
    for query in derived:
        assert agree(rules.judge(query), answerable=True)
        assert {"metric", "year"} <= {negative.property for negative in rules.negatives(query)}
        for negative in rules.negatives(query):
            if negative.property == "metric":
                assert find_measure(negative.text) != find_measure(query.text)


def test_a_notes_table_which_may_be_an_affiliates_gives_no_measures() -> None:
    for kinds, expected in (((), True), (("balance sheet",), True), (("notes", "tax note"), False)):
        page = replace(BALANCE, kinds=kinds)
        written = Rules([page], Generate(), 13).positives(page)
        assert any(query.writer.endswith(" derived") for query in written) == expected
