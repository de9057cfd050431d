"""Lines, cells and blocks of a page, derived from its word boxes when they are asked for.

A line is what stands on one baseline, across the whole page or block; a cell is a run of its words without a wide gap.
A table's row is so one line of several cells, in whatever order the file drew them; a line of prose has one cell.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple

from docrerank.pages.columns import cut_regions
from docrerank.pages.rows import Shape, group_cells, group_rows
from docrerank.pages.text import Boxes
from docrerank.records import Page

#: A block whose letters are this much taller than the page's usual ones is a heading.
HEADING_RATIO = 1.15
HEADING_WORDS = 30
#: The share of a text's lines that may be single words before the layout is asked instead.
MAX_SINGLE = 0.3


@dataclass(frozen=True, slots=True)
class Cell:
    """Words of one line without a wide gap between them; its sides in fractions of the page's width."""

    text: str
    x0: float
    x1: float


@dataclass(frozen=True, slots=True)
class Line:
    """What stands on one baseline.

    Attributes:
        cells: from left to right; at least one.
        height: of its usual letter box, as a fraction of the page's height: a measure of the font's size.
    """

    cells: tuple[Cell, ...]
    height: float

    @property
    def text(self) -> str:
        """The cells' texts, a space between two."""
        return " ".join(cell.text for cell in self.cells)


@dataclass(frozen=True, slots=True)
class Block:
    """Lines that belong together: a paragraph, a heading, a table, a caption.

    Attributes:
        lines: from top to bottom.
        is_heading: few words, in letters taller than the page's usual ones.
    """

    lines: tuple[Line, ...]
    is_heading: bool

    @property
    def text(self) -> str:
        """The lines' texts, joined as one paragraph."""
        return " ".join(line.text for line in self.lines)

    @property
    def is_tabular(self) -> bool:
        """Whether most of its lines have several cells."""
        return 2 * sum(len(line.cells) > 1 for line in self.lines) > len(self.lines)


def lines(page: Page) -> list[Line]:
    """All lines of a page from top to bottom, each across the whole page.

    Time is n log n in the page's words.

    Examples:
        >>> [cell.text for cell in lines(page)[7].cells]  # doctest: +SKIP
        ['Net sales', '1,234', '1,456', '1,111']
    """
    shape, source = _open(page)
    return [_line(source, cells) for cells in group_cells(shape, group_rows(shape))]


def text_lines(page: Page) -> list[str]:
    """The lines of a page's text; those of its layout where the file broke them into single words."""
    own = [line for line in page.text.splitlines() if line.strip()]
    if sum(len(line.split()) == 1 for line in own) <= MAX_SINGLE * len(own):
        return own
    return [line.text for line in lines(page)]


def blocks(page: Page) -> list[Block]:
    """A page's blocks in reading order: columns of prose one after the other, tables row by row.

    Time is n log n in the page's words.

    Examples:
        >>> [block.text for block in blocks(page) if block.is_heading]  # doctest: +SKIP
        ['Results of operations']
    """
    shape, source = _open(page)
    usual = median(box[3] - box[1] for box in source.boxes) if source.boxes else 0.0
    regions = cut_regions(shape, group_cells(shape, group_rows(shape)))
    return [_block([_line(source, cells) for cells in region], usual) for region in regions]


def arrange(boxes: Boxes, texts: Sequence[str], width: float, height: float) -> list[list[int]]:
    """The reading order of pieces of text: indices by line, lines in order.

    Args:
        boxes: of shape (n, 4), in fractions of a page of this width and height.
        texts: n texts, of one or more words each.
    """
    shape = Shape.of(boxes, texts, width, height)
    regions = cut_regions(shape, group_cells(shape, group_rows(shape)))
    return [[at for cell in cells for at in cell] for region in regions for cells in region]


class _Source(NamedTuple):
    words: list[str]
    boxes: list[list[float]]


def _open(page: Page) -> tuple[Shape, _Source]:
    words = page.text.split()
    return Shape.of(page.boxes, words, page.width, page.height), _Source(words, page.boxes.tolist())


def _line(source: _Source, cells: Sequence[Sequence[int]]) -> Line:
    members = [source.boxes[at] for cell in cells for at in cell]
    return Line(tuple(_cell(source, cell) for cell in cells), median(box[3] - box[1] for box in members))


def _cell(source: _Source, members: Sequence[int]) -> Cell:
    text = " ".join([source.words[at] for at in members])
    return Cell(text, min(source.boxes[at][0] for at in members), max(source.boxes[at][2] for at in members))


def _block(members: list[Line], usual: float) -> Block:
    texts = [cell.text for line in members for cell in line.cells]
    tall = min(line.height for line in members) > HEADING_RATIO * usual
    is_short = sum(len(text.split()) for text in texts) <= HEADING_WORDS and len(members) <= 4
    return Block(tuple(members), tall and is_short and any(map(str.isalpha, "".join(texts))))
