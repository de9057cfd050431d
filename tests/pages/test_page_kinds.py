"""What a document's pages are: statements, notes, contents; and nothing where in doubt."""

from __future__ import annotations

import time

import pytest
from fixtures.statements import (
    BALANCE,
    BANK,
    CASH,
    IFRS,
    IFRS_INCOME,
    INCOME,
    INSURER,
    NOTES,
    REPORT,
    TAXES,
    make_pages,
)

from docrerank.pages.page_kinds import find_kinds
from docrerank.pages.read_files import describe_pages
from docrerank.pages.statement_pages import SURE


def name_kinds(*texts: str) -> list[set[str]]:
    return list(map(set, find_kinds(make_pages(*texts))))


def test_a_reports_statements_notes_and_contents_are_found() -> None:
    kinds = name_kinds(*REPORT)
    assert kinds[:6] == [
        {"cover"},
        {"contents"},
        {"risk factors"},
        {"balance sheet"},
        {"income statement"},
        {"cash flow statement"},
    ]
    assert "notes" in kinds[6]
    assert {"notes", "tax note"} <= kinds[7]


def test_a_page_on_which_a_note_ends_is_of_that_note_and_one_that_begins_with_the_next_is_not() -> None:
    ends = "Another year's returns are examined.\n" * 6 + "Note 3. Leases\nWe rent shops.\n"
    kinds = name_kinds(NOTES, TAXES, ends, "Note 4. Debt\nWe borrowed.\n" + "It is due in 2030.\n" * 6)
    assert {"tax note", "lease note"} <= kinds[2]
    assert "debt note" in kinds[3]
    assert "lease note" not in kinds[3]


def test_a_table_like_a_statement_far_from_the_statements_is_none() -> None:
    assert "balance sheet" not in name_kinds(*REPORT)[-1]


def test_a_balance_sheet_over_two_pages_is_both() -> None:
    cut = BALANCE.index("Accounts payable")
    kinds = name_kinds(INCOME, BALANCE[:cut], BALANCE[cut:], CASH)
    assert "balance sheet" in kinds[1] & kinds[2]


def test_a_statement_does_not_go_on_over_another() -> None:
    cut = BALANCE.index("Accounts payable")
    income = INCOME + "Accounts payable 1 2\nTotal current liabilities 3 4\nTotal liabilities and equity 5 6\n"
    assert name_kinds(CASH, BALANCE[:cut], income)[2] == {"income statement"}


@pytest.mark.parametrize("word", ["Condensed Consolidating", "Pro Forma", "Parent Company", "Selected"])
def test_a_statement_that_is_not_of_the_company_itself_is_none(word: str) -> None:
    assert name_kinds(BALANCE.replace("Consolidated", word))[0] == set()


def test_rows_without_their_title_are_no_statement() -> None:
    assert name_kinds(INCOME.replace("Consolidated Statements of Operations", "Performance"), CASH)[0] == {"cover"}


@pytest.mark.parametrize(
    ("kind", "text"),
    [("balance sheet", BANK), ("balance sheet", INSURER), ("balance sheet", IFRS), ("income statement", IFRS_INCOME)],
)
def test_statements_of_banks_insurers_and_under_ifrs_are_found(kind: str, text: str) -> None:
    assert kind in name_kinds("x " * 200, text)[1]


@pytest.mark.parametrize(
    "title", ["Konzernbilanz", "Bilan consolidé", "Balance general consolidado", "連結貸借対照表"]
)
def test_a_balance_sheet_in_another_language_is_left_alone(title: str) -> None:
    text = f"{title}\n" + "".join(
        f"{name} {n} {n - 5}\n" for n, name in enumerate(("Vorräte", "Actif", "Efectivo"), 100)
    )
    assert name_kinds("x " * 200, text)[1] == set()


@pytest.mark.parametrize("title", ["Cash Flows Statements", "Consolidated Condensed Statements of Cash Flows"])
def test_a_title_may_name_its_statement_first_or_last(title: str) -> None:
    assert name_kinds(INCOME, CASH.replace("Consolidated Statements of Cash Flows", title))[1] == {
        "cash flow statement"
    }


def test_the_page_on_which_a_statement_goes_on_without_a_title_is_of_it_too() -> None:
    more = "2021 2020 2019\nReconciliation of net income to net cash provided by operating activities:\n" + "".join(
        f"{row} 12 11 10\n"
        for row in ("Net income", "Depreciation", "Deferred income taxes", "Inventories", "Changes in")
    )
    assert name_kinds(INCOME, CASH, more, NOTES)[2] == {"cash flow statement"}


def test_a_word_at_the_end_of_a_sentence_or_over_many_columns_is_no_heading() -> None:
    text = "See Note 4 for further\ndiscussion.\nWe sell\nresults\n" + "FY 2020\nResults\nFY 2021\n" * 3
    assert name_kinds("x " * 200, text * 2)[1] == set()


def test_notes_end_where_exhibits_begin_and_references_where_no_years_stand() -> None:
    kinds = name_kinds(NOTES, TAXES, "Exhibit 31.1\nI certify this report.\n" * 3, "More words.\n" * 20)
    assert "notes" in kinds[1]
    assert kinds[2:] == [set(), set()]
    listed = "References\n" + "A. Author. A title. 2019.\n" * 6
    kinds = name_kinds("x " * 200, listed, "B. Author. Another title. 2020.\n" * 6, "Source code.\n" * 20)
    assert kinds[1:] == [{"references"}, {"references"}, set()]


def test_a_running_header_is_no_heading() -> None:
    assert name_kinds(*["Index\n" + "Text about something else.\n" * 5] * 6)[1:] == [set()] * 5


def test_a_title_broken_over_lines_is_read() -> None:
    assert name_kinds(BALANCE.replace("Consolidated Balance Sheets", "Consolidated\nBalance\nSheets"), CASH)[0] == {
        "balance sheet"
    }


def test_pages_are_described_with_company_period_and_kinds() -> None:
    page = describe_pages(make_pages(*REPORT))[3]
    assert (page.company, page.period, page.form) == ("Orchid Tools, Inc. (ORCT)", "2021", "10-K")
    assert (page.kinds, page.certainties) == (("balance sheet",), (SURE,))


def test_headings_above_a_page_are_its_path() -> None:
    headings = describe_pages(make_pages(*REPORT))[8].headings
    assert headings == ("Item 1A. Risk Factors", "Note 2. Income Taxes")


def test_pages_of_unknown_kind_have_none() -> None:
    assert name_kinds("The cat sat on the mat.\n" * 40, "It was a good mat.\n" * 40) == [set(), set()]


def test_a_note_ends_where_the_next_number_or_the_auditors_report_begins() -> None:
    more = "We say more of it.\n" * 6
    kinds = name_kinds(
        NOTES, TAXES + more, more + "3. Health Care Costs Payable\n", more, "Independent Auditors' Report\n" + more
    )
    assert "tax note" in kinds[2]
    assert kinds[3] == {"notes", "note"}
    assert "notes" not in kinds[4]


def test_a_page_of_one_long_line_costs_no_more_than_its_words() -> None:
    pages = make_pages("word " * 20_000)
    started = time.process_time()
    assert find_kinds(pages) == [{}]
    assert time.process_time() - started < 2
