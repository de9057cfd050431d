"""Cuts a page into regions in reading order: an XY-cut that parts columns of prose but not those of a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median, median_low

from docrerank.pages.rows import Cells, Shape, is_number

#: Regions are cut no deeper than this, which bounds the work on a hostile page.
MAX_DEPTH = 16
#: Widths and gaps in line heights.
GUTTER, PARAGRAPH_GAP, TABLE_GAP, FONT_GAP = 0.9, 0.4, 1.2, 1.0
#: A gap parts paragraphs only where it is this much wider than the region's usual one.
UNUSUAL = 1.3
FONT_STEP = 1.2
#: A column of prose has this many lines, of this many words, at least; and not more numbers than this share.
PROSE_LINES, PROSE_WORDS, PROSE_NUMBERS = 3, 4, 0.4
#: Middles nearer than this share of the height stand on one baseline; a table's rows do, column by column.
SAME_BASELINE, TABLE_SHARE = 0.12, 0.5


@dataclass(frozen=True, slots=True)
class _Piece:
    """One cell: the row it stands on, its members, its box, its line height."""

    row: int
    members: list[int]
    x0: float
    y0: float
    x1: float
    y1: float
    height: float


def cut_regions(shape: Shape, rows: Sequence[Cells]) -> list[list[Cells]]:
    """Rows of cells to regions in reading order, each a list of rows of cells."""
    pieces = [_piece(shape, row, cell) for row, cells in enumerate(rows) for cell in cells]
    return [_to_rows(region) for region in _cut(shape, pieces, 0)] if pieces else []


def _cut(shape: Shape, pieces: list[_Piece], depth: int) -> Iterator[list[_Piece]]:
    parts = [pieces]
    if depth < MAX_DEPTH and len(pieces) > 1:
        parts = _cut_columns(shape, pieces)
        parts = parts if len(parts) > 1 else _cut_bands(pieces)
    if len(parts) == 1:
        yield pieces
        return
    for part in parts:
        yield from _cut(shape, part, depth + 1)


def _cut_columns(shape: Shape, pieces: list[_Piece]) -> list[list[_Piece]]:
    """Parts left to right, if white gutters run through and what stands between them is prose."""
    least = GUTTER * median(piece.height for piece in pieces)
    columns: list[list[_Piece]] = []
    right = 0.0
    for piece in sorted(pieces, key=lambda piece: piece.x0):
        if columns and piece.x0 - right < least:
            columns[-1].append(piece)
        else:
            columns.append([piece])
        right = max(right, piece.x1) if len(columns[-1]) > 1 else piece.x1
    prose = [_is_prose(shape, column) for column in columns]
    parts = [columns[0]]
    for place, column in enumerate(columns[1:], start=1):
        if (prose[place - 1] and prose[place]) or (any(prose) and not _is_table(parts[-1], column)):
            parts.append([])
        parts[-1] = parts[-1] + column
    return parts


def _is_table(left: list[_Piece], right: list[_Piece]) -> bool:
    """Whether most rows of the shorter side stand on baselines of the other."""
    middles = {piece.row: piece.y0 + piece.y1 for piece in left}
    shared = [piece for piece in right if piece.row in middles]
    level = {p.row for p in shared if abs(p.y0 + p.y1 - middles[p.row]) <= 2 * SAME_BASELINE * p.height}
    return len(level) >= TABLE_SHARE * min(len(middles), len({piece.row for piece in right}))


def _is_prose(shape: Shape, pieces: list[_Piece]) -> bool:
    if len({piece.row for piece in pieces}) < PROSE_LINES:
        return False
    words = [shape.texts[at] for piece in pieces for at in piece.members]
    counts = [sum(len(shape.texts[at].split()) for at in piece.members) for piece in pieces]
    return median(counts) >= PROSE_WORDS and sum(map(is_number, words)) <= PROSE_NUMBERS * len(words)


def _cut_bands(pieces: list[_Piece]) -> list[list[_Piece]]:
    """Parts top to bottom, at the widest white gaps, or where the letters change their size."""
    bands = _bands(pieces)
    gaps = [_gap(above, below) for above, below in pairwise(bands)]
    usual = median_low(gaps) if len(gaps) > 1 else 0.0
    needed = [_needed_gap(above, below, usual) for above, below in pairwise(bands)]
    widest = max((gap for gap, need in zip(gaps, needed, strict=True) if gap >= need), default=0.0)
    parts = [list(bands[0])]
    for gap, need, band in zip(gaps, needed, bands[1:], strict=True):
        if gap >= need and gap >= 0.6 * widest:
            parts.append([])
        parts[-1] += band
    return parts


def _needed_gap(above: list[_Piece], below: list[_Piece], usual: float) -> float:
    """The gap that parts two bands: rows of a table stand wider than lines of a paragraph."""
    return TABLE_GAP if len(above) > 1 and len(below) > 1 else max(PARAGRAPH_GAP, UNUSUAL * usual)


def _bands(pieces: list[_Piece]) -> list[list[_Piece]]:
    """Pieces that overlap along the page's height stand in one band."""
    bands: list[list[_Piece]] = []
    bottom = 0.0
    for piece in sorted(pieces, key=lambda piece: piece.y0 + 0.2 * piece.height):
        if bands and piece.y0 + 0.2 * piece.height < bottom:
            bands[-1].append(piece)
        else:
            bands.append([piece])
        own = piece.y1 - 0.2 * piece.height
        bottom = max(bottom, own) if len(bands[-1]) > 1 else own
    return bands


def _gap(above: list[_Piece], below: list[_Piece]) -> float:
    """White between two bands in heights of the smaller letters; at least `FONT_GAP` if their sizes differ."""
    upper, lower = median(piece.height for piece in above), median(piece.height for piece in below)
    small, large = max(min(upper, lower), 1e-9), max(upper, lower)
    white = (min(piece.y0 for piece in below) - max(piece.y1 for piece in above)) / small
    return max(white, FONT_GAP) if large > FONT_STEP * small else white


def _to_rows(region: list[_Piece]) -> list[Cells]:
    rows: dict[int, list[_Piece]] = {}
    for piece in region:
        rows.setdefault(piece.row, []).append(piece)
    ordered = sorted(rows.values(), key=lambda row: min(piece.y0 + piece.y1 for piece in row))
    return [[piece.members for piece in sorted(row, key=lambda piece: piece.x0)] for row in ordered]


def _piece(shape: Shape, row: int, cell: list[int]) -> _Piece:
    x0, y0 = min(shape.x0[at] for at in cell), min(shape.y0[at] for at in cell)
    x1, y1 = max(shape.x1[at] for at in cell), max(shape.y1[at] for at in cell)
    return _Piece(row, cell, x0, y0, x1, y1, median(shape.y1[at] - shape.y0[at] for at in cell))
