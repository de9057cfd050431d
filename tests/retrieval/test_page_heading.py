from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from docrerank.records import Page
from docrerank.retrieval import find_heading

LINES = ["a line of ordinary text", "Water quality in 2020", "another line of ordinary text", "and one more of them"]


def test_the_heading_is_the_line_that_is_set_larger(make_page: Callable[..., Page]) -> None:
    assert find_heading(make_page(LINES, tall=1)) == "Water quality in 2020"


def test_a_page_of_one_size_has_no_heading(make_page: Callable[..., Page]) -> None:
    assert find_heading(make_page(LINES)) == ""


def test_an_empty_page_has_no_heading(make_page: Callable[..., Page]) -> None:
    assert find_heading(make_page([])) == ""


def test_a_large_page_number_is_no_heading(make_page: Callable[..., Page]) -> None:
    assert find_heading(make_page(["17", *LINES], tall=0)) == ""


def test_words_set_upright_at_the_margin_are_no_heading(make_page: Callable[..., Page]) -> None:
    page = make_page(["sideways stamp", *LINES])
    boxes = page.boxes.copy()
    boxes[:2] = [0.01, 0.1, 0.03, 0.6]
    assert find_heading(replace(page, boxes=boxes)) == ""
