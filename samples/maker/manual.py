"""The user guide of an invented dehumidifier in three sizes: warnings, steps, a drawing, specifications, faults."""

from __future__ import annotations

from pathlib import Path

from reportlab.graphics.shapes import Circle, Drawing, Line, Rect, String
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable

from maker.blocks import body, box, bullets, grid, heading, note, steps
from maker.furniture import running
from maker.looks import MANUAL as THEME
from maker.manual_care import make_care, make_faults, make_specs
from maker.sheets import MARGIN, WIDTH, Made, Sheet, write_pdf
from maker.theme import GREY, INK

STEM = "kelvane-dehumidifier-user-guide"
RED = "#c0392b"
CONTENTS = (
    ("Safety", 2),
    ("Parts and control panel", 3),
    ("Setting up and first use", 4),
    ("Care and storage", 5),
    ("Specifications", 6),
    ("Faults and service", 7),
)


def write_manual(folder: Path) -> Made:
    paint = running(THEME, "Kelvane Dehumidifiers DH-20, DH-30, DH-40", "User guide, edition 3")
    pages = {
        "safety": _safety(),
        "parts": _parts(),
        "setup": _setup(),
        "care": make_care(),
        "specifications": make_specs(),
        "faults": make_faults(),
    }
    sheets = [Sheet("cover", paint=_cover), *(Sheet(name, flow, paint) for name, flow in pages.items())]
    return write_pdf(folder / f"{STEM}.pdf", "Kelvane Dehumidifier user guide", "Kelvane Home Appliances", sheets)


def _cover(canvas: Canvas, number: int) -> None:
    canvas.setFillColor(HexColor(THEME.accent))
    canvas.setFont("Helvetica-Bold", 40)
    canvas.drawString(MARGIN, 720, "kelvane")
    canvas.setFillColor(INK)
    canvas.setFont("Helvetica", 26)
    canvas.drawString(MARGIN, 660, "Dehumidifier")
    canvas.setFont("Helvetica", 15)
    canvas.drawString(MARGIN, 634, "DH-20   DH-30   DH-40")
    canvas.drawString(MARGIN, 610, "User guide")
    _machine().drawOn(canvas, 170, 330)
    canvas.setFont("Helvetica", 11)
    for i, (title, page) in enumerate(CONTENTS):
        canvas.drawString(MARGIN, 230 - 19 * i, title)
        canvas.drawRightString(A4[0] - MARGIN, 230 - 19 * i, str(page))
    canvas.setFillColor(GREY)
    canvas.drawString(MARGIN, 60, "Please keep this guide. Edition 3, May 2024. Document KV-8841-EN")


def _machine() -> Drawing:
    drawing = Drawing(250, 250)
    drawing.add(Rect(60, 14, 130, 220, rx=14, ry=14, fillColor=HexColor("#f4f7f7"), strokeColor=INK, strokeWidth=1.2))
    for i in range(9):
        drawing.add(Line(78, 200 - 9 * i, 172, 200 - 9 * i, strokeColor=GREY, strokeWidth=1))
    drawing.add(Rect(74, 28, 102, 66, rx=5, ry=5, fillColor=HexColor("#d7ecec"), strokeColor=INK))
    drawing.add(Rect(84, 214, 82, 13, rx=3, ry=3, fillColor=HexColor(THEME.accent), strokeColor=None))
    for x in (80, 170):
        drawing.add(Circle(x, 8, 6, fillColor=INK, strokeColor=None))
    return drawing


def _safety() -> list[Flowable]:
    return [
        heading(THEME, "Safety"),
        box(
            THEME,
            [
                heading(THEME, "WARNING", 3),
                *bullets(
                    THEME,
                    (
                        "The appliance contains the flammable refrigerant R290. Keep it 2 m away from open fire.",
                        "Never run it in a room smaller than 4 m\u00b2 (DH-20), 8 m\u00b2 (DH-30) or 11 m\u00b2 "
                        "(DH-40).",
                        "After transport let it stand upright for 6 hours before you plug it in.",
                        "Pull the plug before you take out the filter.",
                    ),
                ),
            ],
            WIDTH,
            RED,
        ),
        heading(THEME, "Who may use it", 2),
        body(
            THEME,
            "Children from 8 years may use the appliance under supervision. Cleaning is not for children under 14.",
        ),
        heading(THEME, "Where to put it", 2),
        *bullets(
            THEME,
            (
                "Keep 20 cm free behind the appliance and 40 cm above it.",
                "Do not use it outdoors, in a bathroom within 60 cm of the bath, or above 2,000 m altitude.",
                "Use no extension lead longer than 5 m.",
                "The tank water is not fit to drink. It may be used for steam irons.",
            ),
        ),
        heading(THEME, "Disposal", 2),
        body(
            THEME,
            "Hand the appliance in at a recycling centre with a refrigerant station. It must not be pierced or burnt. "
            "In packing we use cardboard (81%), moulded pulp (16%) and paper tape (3%).",
        ),
    ]


def _parts() -> list[Flowable]:
    rows = [
        ("No.", "Part", "Purpose"),
        ("1", "Control panel", "Buttons and display"),
        ("2", "Air outlet", "Blows dry air; flap turns 60\u00b0"),
        ("3", "Filter", "Holds back dust; wash it every two weeks"),
        ("4", "Water tank", "With float and handle"),
        ("5", "Hose connection", "For 14 mm hose, at the back"),
        ("6", "Castors", "Front pair with brake"),
    ]
    keys = [
        ("Button", "Short press", "Hold for 3 seconds"),
        ("Power", "On or off", "Restores factory settings"),
        ("Humidity", "Steps of 5% between 35% and 80%", "Switches to continuous drying"),
        ("Fan", "Low, medium, high", "Night mode, display off"),
        ("Timer", "1 to 12 hours", "Child lock on or off"),
        ("Laundry", "Full power for 4 hours", "No function"),
    ]
    return [
        heading(THEME, "Parts and control panel"),
        _labelled_machine(),
        note(THEME, "Figure 1. The appliance from the front. Part 5 is at the back."),
        grid(THEME, rows, (40, 150, WIDTH - 190), text_columns=3, solid=True),
        heading(THEME, "What the buttons do", 2),
        grid(THEME, keys, (90, (WIDTH - 90) / 2, (WIDTH - 90) / 2), text_columns=3, solid=True),
    ]


def _labelled_machine() -> Drawing:
    drawing = _machine()
    drawing.width = WIDTH
    for number, y, x in ((1, 220, 160), (2, 196, 172), (3, 150, 172), (4, 60, 170), (6, 8, 176)):
        drawing.add(Line(x, y, 240, y, strokeColor=HexColor(RED), strokeWidth=0.8))
        drawing.add(Circle(250, y, 9, fillColor=HexColor(RED), strokeColor=None))
        drawing.add(
            String(
                250,
                y - 4,
                str(number),
                fontName="Helvetica-Bold",
                fontSize=11,
                textAnchor="middle",
                fillColor=HexColor("#ffffff"),
            )
        )
    return drawing


def _setup() -> list[Flowable]:
    return [
        heading(THEME, "Setting up and first use"),
        *steps(
            THEME,
            (
                "Remove the four red transport screws with the key supplied. Keep them for a later move.",
                "Push the castors into their sockets until they click.",
                "Slide in the empty tank until the tank lamp goes out.",
                "Plug in. Two tones sound and the display shows the humidity of the room.",
                "Choose the humidity you want. For living rooms we recommend 50%, for cellars 60%.",
                "Close doors and windows. The first hours may smell of plastic; this is harmless.",
            ),
        ),
        heading(THEME, "Draining through a hose", 2),
        *steps(
            THEME,
            (
                "Take the rubber plug out of the hose connection.",
                "Push a 14 mm hose at least 3 cm onto it. The hose must fall all the way and not exceed 4 m.",
                "Leave the tank in place, otherwise the appliance will not start.",
            ),
        ),
        heading(THEME, "Connecting the app", 2),
        *steps(
            THEME,
            (
                "Install Kelvane Home and open an account.",
                "Hold Fan and Timer together for 5 seconds until the blue lamp blinks.",
                "Choose your wireless network. Only 2.4 GHz networks work.",
                "Enter the eight-digit code from the sticker under the tank.",
            ),
        ),
        box(
            THEME,
            [
                body(
                    THEME,
                    "<b>Tip.</b> Laundry dries fastest at 1.5 m distance. A load of 5 kg needs about 4 hours with the "
                    "DH-40 and 7 hours with the DH-20.",
                )
            ],
            WIDTH,
        ),
    ]
