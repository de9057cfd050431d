"""Who a document is about: the registrant of a filing, else the company its first pages name, else its title."""

from __future__ import annotations

from dataclasses import replace

from pages import lay_out

from docrerank.queries.company_name import call_by_name, find_owner

TEXT = """
Annual Report
New York Stock Exchange Group and Harbour Company
Listed by New York Stock Exchange Group
New York Stock Exchange Group is its market.
"""


def test_a_filing_is_its_registrants_whoever_else_its_pages_name() -> None:
    page = lay_out(TEXT)
    assert find_owner([page]) == "New York Stock Exchange"
    assert find_owner([replace(page, company="3M Company (MMM)")]) == "3M Company"


def test_a_document_of_nobody_has_no_owner() -> None:
    assert find_owner([]) == ""
    assert find_owner([lay_out("nothing to see on this page of words")]) == ""


def test_a_company_is_called_as_people_call_it() -> None:
    assert call_by_name("BEST BUY CO., INC") == "Best Buy"
    assert call_by_name("eBay Inc.") == "eBay"
