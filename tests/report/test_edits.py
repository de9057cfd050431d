from __future__ import annotations

import pytest

from docrerank.records import Query
from docrerank.report.marked_edits import mark_edit


def make_pair(before: str, after: str, original: str = "", edited: str = "") -> tuple[Query, Query]:
    positive = Query("a/1#1", "a/1", before, "positive", "question")
    negative = Query("a/1#1/n1", "a/1", after, "hard_negative", "question", "a/1#1", original=original, edited=edited)
    return positive, negative


def show(positive: Query, negative: Query) -> str:
    signs = {"same": "{}", "del": "[-{}-]", "ins": "[+{}+]"}
    return "".join(" " * piece.space + signs[piece.kind].format(piece.text) for piece in mark_edit(positive, negative))


@pytest.mark.parametrize(
    ("before", "after", "marked"),
    [
        ("Sales in 2019?", "Sales in 2020?", " Sales in [-2019-] [+2020+]?"),
        ("Sales in 2019?", "Sales of cars in 2019?", " Sales [+of cars+] in 2019?"),
        ("net sales, 2019", "sales, 2019", " [-net-] sales, 2019"),
        ("Which grew faster?", "Which grew slower?", " Which grew [-faster-] [+slower+]?"),
        ("It cost 744.3 in all", "It cost 744.5 in all", " It cost [-744.3-] [+744.5+] in all"),
        ("the the the", "the the", " the the [-the-]"),
        ("same", "same", " same"),
    ],
)
def test_the_one_edit_is_marked_in_whole_words(before: str, after: str, marked: str) -> None:
    assert show(*make_pair(before, after)) == marked


def test_what_is_kept_and_put_in_is_the_negative_itself() -> None:
    positive, negative = make_pair("How much, in 2019, were sales?", "How much, in May 2020, were sales?")
    pieces = [piece for piece in mark_edit(positive, negative) if piece.kind != "del"]
    assert "".join(" " * piece.space + piece.text for piece in pieces).strip() == negative.text
