"""Which filings a question asks."""

from __future__ import annotations

from docrerank.retrieval.named_filings import Filing, match_filings


def test_a_year_alone_names_no_filing_where_other_documents_are_none() -> None:
    filing, letter = Filing("Acme Foods", "2024", "10-K"), Filing("", "", "")
    assert match_filings("How much credit was used in June 2024?", [filing, letter], ["acme", "letter"]) == [0, 0]
    assert match_filings("How much credit was used in June 2024?", [filing, filing], ["a", "b"]) == [1, 1]
