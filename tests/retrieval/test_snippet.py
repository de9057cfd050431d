"""The passage that is shown of a page."""

from __future__ import annotations

from docrerank.retrieval import find_snippet


def test_whole_sentences_are_shown_and_no_footer() -> None:
    text = "Annual report sales\nWe make tools. Sales in Chile\nrose by 3% this year.\nSales 12\n"
    assert find_snippet("sales in Chile", text) == "Sales in Chile rose by 3% this year."


def test_a_long_sentence_ends_at_a_word() -> None:
    found = find_snippet("tools", "x\n" + "tools " * 100 + "\ny")
    assert found.endswith("tools …")
    assert len(found) < 210


def test_a_page_without_text_has_none() -> None:
    assert find_snippet("tools", "\n") == ""


def test_a_page_of_one_line_shows_it() -> None:
    assert find_snippet("tools", "All tools") == "All tools"
