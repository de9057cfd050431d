from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reportlab.pdfgen.canvas import Canvas

from docrerank.pages import Block, blocks, find_documents, lines, read_document
from docrerank.recipe import Ingest
from docrerank.records import Page

Draw = Callable[[Canvas], None]
PROSE = (
    "the quick brown fox jumps over the lazy dog while seven wizards watch from their tower and say nothing".split()
)


@pytest.fixture
def draw_page(tmp_path: Path) -> Callable[[Draw], Page]:
    """Read back a page that a function drew."""

    def make(draw: Draw) -> Page:
        canvas = Canvas(str(tmp_path / "page.pdf"), pagesize=(612, 792))
        draw(canvas)
        canvas.save()
        (page,) = read_document(find_documents([tmp_path / "page.pdf"])[0][0], Ingest(ocr="never"))
        assert isinstance(page, Page)
        return page

    return make


def write_column(canvas: Canvas, x: float, top: float, rows: int, pitch: float = 12, mark: str = "") -> None:
    words = random.Random(mark or str(x))
    for row in range(rows):
        text = " ".join([mark + str(row) if mark else "and", *words.choices(PROSE, k=7)])
        canvas.drawString(x, top - pitch * row, text[:42])


def test_a_table_row_is_one_line_of_cells_though_columns_were_drawn_one_after_another(
    draw_page: Callable[[Draw], Page],
) -> None:
    def draw(canvas: Canvas) -> None:
        for column, x in enumerate((72, 300, 380, 460)):
            for row in range(6):
                text = f"Net sales {row}" if column == 0 else f"{column},{row}34"
                canvas.drawString(x, 700 - 15 * row, text)

    found = lines(draw_page(draw))
    assert [[cell.text for cell in line.cells] for line in found] == [
        [f"Net sales {row}", f"1,{row}34", f"2,{row}34", f"3,{row}34"] for row in range(6)
    ]
    (block,) = blocks(draw_page(draw))
    assert block.is_tabular
    assert len(block.lines) == 6


def test_signs_join_their_amounts_and_dot_leaders_part_cells(draw_page: Callable[[Draw], Page]) -> None:
    def draw(canvas: Canvas) -> None:
        for x, text in (
            (72, "Income . . . . . . . . . . . . ."),
            (250, "$"),
            (290, "1,234"),
            (350, "$"),
            (390, "(56)"),
        ):
            canvas.drawString(x, 700, text)
        for x, text in ((72, "Share ............"), (290, "12.5"), (330, "%")):
            canvas.drawString(x, 600, text)

    first, second = lines(draw_page(draw))
    assert [cell.text for cell in first.cells] == ["Income", "$ 1,234", "$ (56)"]
    assert [cell.text for cell in second.cells] == ["Share", "12.5 %"]


def test_two_columns_of_prose_are_read_one_after_the_other_under_their_title(
    draw_page: Callable[[Draw], Page],
) -> None:
    def draw(canvas: Canvas) -> None:
        canvas.setFont("Helvetica-Bold", 20)
        canvas.drawString(150, 740, "A title across both columns")
        canvas.setFont("Helvetica", 10)
        write_column(canvas, 330, 700, 30, mark="R")
        write_column(canvas, 72, 700, 30, mark="L")

    page = draw_page(draw)
    found = blocks(page)
    assert [found[0].text, found[0].is_heading] == ["A title across both columns", True]
    order = [word for block in found for word in block.text.split() if word[0] in "LR" and word[1:].isdigit()]
    assert order == [f"{side}{row}" for side in "LR" for row in range(30)]
    assert not any(block.is_tabular or block.is_heading for block in found[1:])
    assert all(len(line.cells) == 2 for line in lines(page)[1:])


def test_prose_beside_a_figure_is_not_woven_into_it(draw_page: Callable[[Draw], Page]) -> None:
    def draw(canvas: Canvas) -> None:
        canvas.setFont("Helvetica", 10)
        write_column(canvas, 72, 700, 20, mark="L")
        for row in range(5):
            canvas.drawString(380, 690 - 41 * row, f"Label{row}")
            canvas.drawString(480, 690 - 41 * row, f"{row}5%")

    order = [w for b in blocks(draw_page(draw)) for w in b.text.split() if w[0] == "L" and w[-1].isdigit()]
    assert order == [f"L{row}" for row in range(20)] + [f"Label{row}" for row in range(5)]


def test_a_wide_gap_parts_paragraphs(draw_page: Callable[[Draw], Page]) -> None:
    def draw(canvas: Canvas) -> None:
        canvas.setFont("Helvetica", 10)
        for paragraph in range(3):
            write_column(canvas, 72, 700 - 90 * paragraph, 5)

    assert [len(block.lines) for block in blocks(draw_page(draw))] == [5, 5, 5]


def test_upright_words_of_an_axis_do_not_join_lines(draw_page: Callable[[Draw], Page]) -> None:
    def draw(canvas: Canvas) -> None:
        for row in range(5):
            canvas.drawString(200, 700 - 20 * row, f"bar {row}")
        canvas.rotate(90)
        canvas.drawString(620, -150, "Thousands")

    assert [line.text for line in lines(draw_page(draw))] == [*(f"bar {row}" for row in range(5)), "Thousands"]


def make_page(boxes: np.ndarray, words: list[str]) -> Page:
    return Page("a/1", "a", 1, "a.pdf", "0", 612, 792, " ".join(words), "layer", boxes.astype(np.float32))


BOXES = st.lists(st.tuples(*[st.floats(0, 1, width=32)] * 4), max_size=40)


@given(BOXES)
@settings(max_examples=150, deadline=None)
def test_every_word_is_in_one_line_and_one_block_wherever_it_stands(corners: list[tuple[float, ...]]) -> None:
    boxes = np.array([[min(a, c), min(b, d), max(a, c), max(b, d)] for a, b, c, d in corners]).reshape(-1, 4)
    page = make_page(boxes, [f"w{at}" for at in range(len(boxes))])
    in_lines = [word for line in lines(page) for word in line.text.split()]
    in_blocks = [word for block in blocks(page) for word in block.text.split()]
    assert sorted(in_lines) == sorted(in_blocks) == sorted(page.text.split())


def scattered(size: int) -> Page:
    rng = np.random.default_rng(size)
    corner = rng.random((size, 2)) * 0.95
    return make_page(np.column_stack((corner, corner + rng.random((size, 2)) * 0.02)), ["word"] * size)


def stacked(size: int) -> Page:
    """Ever wider gaps, one below the other: the worst case of cutting at the widest."""
    y = np.cumsum(np.geomspace(1, 1e6, size))
    y /= y[-1] * 1.01
    return make_page(np.column_stack((np.full(size, 0.1), y, np.full(size, 0.2), y + 1e-7)), ["word"] * size)


@pytest.mark.parametrize("make", [scattered, stacked])
def test_twenty_thousand_words_take_seconds(make: Callable[[int], Page]) -> None:
    page = make(20_000)
    started = time.process_time()
    found: list[Block] = blocks(page)
    lines(page)
    assert time.process_time() - started < 15
    assert sum(len(block.text.split()) for block in found) == 20_000
