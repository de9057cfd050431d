"""Whose report a document is: from the registrant's line, never from a name that merely stands on the cover."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fixtures.statements import COVER, make_pages

from docrerank.pages.filing_cover import Cover, read_cover


def test_the_registrant_period_and_form_are_read() -> None:
    assert read_cover(make_pages(COVER)) == Cover("Orchid Tools, Inc. (ORCT)", "2021", "10-K")


def test_the_exchange_is_nobodys_registrant() -> None:
    text = COVER.replace("ORCHID TOOLS, INC.\n", "") + "New York Stock Exchange, Inc.\n" * 5
    assert read_cover(make_pages(text)).company == ""


def test_a_name_on_the_line_of_a_rule_is_read() -> None:
    text = COVER.replace("001-99999\nORCHID", "001-99999 ____________ ORCHID")
    assert read_cover(make_pages(text)).company == "Orchid Tools, Inc. (ORCT)"


def test_a_picture_of_the_name_leaves_the_name_over_the_statements() -> None:
    text = COVER.replace("ORCHID TOOLS, INC.\n", "")
    statement = "Orchid Tools and subsidiaries\nNet sales 5 6\n"
    assert read_cover(make_pages(text, statement, statement)).company == "Orchid Tools (ORCT)"


def test_a_quarterly_report_has_its_quarter_from_its_name_or_its_words() -> None:
    text = (
        COVER.replace("FORM 10-K", "FORM 10-Q")
        .replace("fiscal year", "quarterly period")
        .replace("September 30", "March 31")
    )
    assert read_cover(make_pages(text, document="ORCHID_2021Q2_10Q")).period == "2021 Q2"
    assert read_cover(make_pages(text, "In the second quarter, sales rose.\n" * 3)).period == "2021 Q2"
    assert read_cover(make_pages(text)).period == "2021"


def test_a_press_release_names_its_company_by_its_listing() -> None:
    text = "Dallas, Texas – Fern & Moss (NYSE: FNM) today announced results.\n"
    assert read_cover(make_pages(text, document="release")).company == "Fern & Moss (FNM)"


@pytest.mark.parametrize("text", ["A study of bees\nThe Bee Company, Inc. was kind.\n", ""])
def test_what_is_no_filing_has_no_company(text: str) -> None:
    assert read_cover(make_pages(text)) == Cover()


def test_a_document_without_pages_has_no_cover() -> None:
    assert read_cover([]) == Cover()


@pytest.mark.parametrize("name", ["acme-foods-2024-annual-report", "Acme_Foods_annual_report_2024"])
def test_a_file_named_as_a_report_names_its_company_and_year(name: str) -> None:
    page = replace(make_pages("Acme", "Words of a page.")[0], document=name)
    cover = read_cover([page])
    assert (cover.company, cover.period) == ("Acme Foods", "2024")
