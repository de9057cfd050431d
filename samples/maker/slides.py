"""A slide deck: the quarterly review of an invented logistics firm."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from reportlab.lib.colors import HexColor, white
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable

from maker.blocks import bullets, gap, grid, note
from maker.charts import Series, draw_bars, draw_lines, percent
from maker.sheets import Made, Paint, Sheet, write_pdf
from maker.theme import Theme

STEM = "tamberly-q3-business-review"
SIZE = (800.0, 450.0)
THEME = Theme("#4b2a73", "#f2eef7", "#e2803a", size=21)
SMALL = Theme("#4b2a73", "#f2eef7", "#e2803a", size=16)
BOX = (48.0, 36.0, 704.0, 326.0)
QUARTERS = ("Q3 2024", "Q4 2024", "Q1 2025", "Q2 2025", "Q3 2025")
ON_TIME = {"Parcels": (93.1, 90.4, 94.2, 95.0, 96.3), "Pallets": (88.7, 86.2, 87.9, 89.5, 88.1)}
COSTS = (4.12, 4.31, 4.20, 4.05, 3.94)
DEPOTS = (
    ("Arlstone", "212", "18,400", "97.1%", "2"),
    ("Bexley Wharf", "164", "13,950", "95.8%", "5"),
    ("Corriemuir", "97", "7,200", "91.4%", "1"),
    ("Dunsop", "143", "11,600", "96.6%", "4"),
    ("Eastmere", "121", "9,850", "94.9%", "0"),
)


def write_slides(folder: Path) -> Made:
    contents: list[tuple[str, str, list[Flowable]]] = [
        ("highlights", "Q3 in five lines", _highlights()),
        ("on-time", "Parcels punctual as never before, pallets slip", _on_time()),
        ("depots", "Depots: Arlstone carries the load", _depots()),
        ("costs", "Cost per parcel below \u00a34 for the first time", _costs()),
        ("problems", "What went wrong", _problems()),
        ("next", "Next steps", _next()),
    ]
    sheets = [Sheet("title", paint=_paint_title)]
    sheets += [Sheet(name, flow, _slide(title), [BOX]) for name, title, flow in contents]
    return write_pdf(folder / f"{STEM}.pdf", "Q3 2025 business review", "Tamberly Logistics", sheets, SIZE)


def _paint_title(canvas: Canvas, number: int) -> None:
    canvas.setFillColor(HexColor(THEME.accent))
    canvas.rect(0, 0, *SIZE, stroke=0, fill=1)
    canvas.setFillColor(HexColor(THEME.second))
    canvas.rect(0, 118, 360, 7, stroke=0, fill=1)
    canvas.setFillColor(white)
    canvas.setFont("Helvetica-Bold", 44)
    canvas.drawString(48, 262, "Q3 2025 business review")
    canvas.setFont("Helvetica", 22)
    canvas.drawString(48, 215, "Tamberly Logistics, operations board")
    canvas.setFont("Helvetica", 15)
    canvas.drawString(48, 82, "16 October 2025  |  Priya Castellan, Chief Operating Officer  |  Internal")


def _slide(title: str) -> Paint:
    def paint(canvas: Canvas, number: int) -> None:
        canvas.setFillColor(HexColor(THEME.accent))
        canvas.setFont("Helvetica-Bold", 27)
        canvas.drawString(48, 390, title)
        canvas.setFillColor(HexColor(THEME.second))
        canvas.rect(48, 376, 90, 4, stroke=0, fill=1)
        canvas.setFillColor(HexColor("#8a8a8a"))
        canvas.setFont("Helvetica", 10)
        canvas.drawString(48, 18, "Tamberly Logistics  |  Q3 2025 business review")
        canvas.drawRightString(752, 18, str(number))

    return paint


def _items(lines: Sequence[str]) -> list[Flowable]:
    return [flow for line in bullets(THEME, lines) for flow in (line, gap(7))]


def _highlights() -> list[Flowable]:
    return [
        gap(12),
        *_items(
            (
                "<b>5.6 million parcels</b>, up 8% on Q3 last year",
                "Revenue <b>\u00a331.4m</b>, budget was \u00a330.2m",
                "Two new accounts: <b>Pollard Books</b> and <b>Haywain Garden</b>",
                "<b>12 of 40</b> electric vans delivered, the rest by March",
                "Driver vacancies down from 61 to <b>23</b>",
            )
        ),
    ]


def _on_time() -> list[Flowable]:
    series = [percent(name, values) for name, values in ON_TIME.items()]
    return [
        draw_lines(SMALL, QUARTERS, series, 704, 270),
        note(SMALL, "Delivered within the promised window, per cent"),
    ]


def _depots() -> list[Flowable]:
    rows = [("Depot", "Staff", "Parcels a day", "On time", "Accidents"), *DEPOTS]
    return [
        gap(6),
        grid(SMALL, rows, (224, 100, 140, 120, 120), solid=True),
        note(SMALL, "July to September 2025. Corriemuir closed 3 days after flooding."),
    ]


def _costs() -> list[Flowable]:
    row = Series("Cost", COSTS, [f"\u00a3{v:.2f}" for v in COSTS])
    return [
        draw_bars(SMALL, QUARTERS, [row], 704, 195),
        gap(10),
        *bullets(
            SMALL,
            (
                "Route software saves 1.9 km per stop-hour",
                "Diesel 7% cheaper than a year ago",
                "Overtime still \u00a30.38 per parcel, target \u00a30.25",
            ),
        ),
    ]


def _problems() -> list[Flowable]:
    return [
        gap(12),
        *_items(
            (
                "Sorter at Bexley Wharf stood still for <b>19 hours</b> on 22 August",
                "<b>1,340</b> pallets missed the ferry at Eastmere",
                "Claims for damaged goods: <b>\u00a3212,000</b> (Q2: \u00a3168,000)",
                "Customer hotline: average wait <b>4 min 50 s</b>",
                "Lost the Brightwell Pharma tender by <b>3 pence a parcel</b>",
            )
        ),
    ]


def _next() -> list[Flowable]:
    rows = [
        ("Action", "Owner", "Due"),
        ("Second sorter for Bexley Wharf", "G. Anstruther", "30 Nov 2025"),
        ("New ferry contract, Eastmere", "L. Mbeki-Shaw", "15 Dec 2025"),
        ("Hire 23 drivers before peak", "D. Okafor-Lindh", "7 Nov 2025"),
        ("Flood barriers at Corriemuir", "G. Anstruther", "31 Jan 2026"),
        ("Parcel lockers: pilot in 14 towns", "P. Castellan", "2 Mar 2026"),
    ]
    return [gap(6), grid(SMALL, rows, (384, 180, 140), text_columns=2, solid=True)]
