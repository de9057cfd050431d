"""A research paper in two columns, with tables, a figure and references. Authors and results are invented."""

from __future__ import annotations

from pathlib import Path

from reportlab.graphics.shapes import Drawing, Line, Rect, String
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable

from maker.blocks import body, grid, heading, note
from maker.looks import PAPER as THEME
from maker.paper_results import COLUMN, make_discussion, make_results, make_section
from maker.sheets import BODY, MARGIN, Box, BoxBreak, Made, Sheet, write_pdf
from maker.theme import GREY

STEM = "leak-listening-paper"
FULL: tuple[Box, ...] = ((MARGIN, 54, COLUMN, BODY[3]), (MARGIN + COLUMN + 20, 54, COLUMN, BODY[3]))
FIRST: tuple[Box, ...] = (
    (MARGIN, 660, BODY[2], 125),
    (MARGIN, 170, COLUMN, 490),
    (MARGIN + COLUMN + 20, 170, COLUMN, 490),
    (MARGIN, 54, BODY[2], 110),
)
LAST: tuple[Box, ...] = tuple((x, 234, width, height - 180) for x, _, width, height in FULL)
STAGES = ("10 s recordings", "64 band energies", "Graph network, 5 layers", "Leak probability")


def write_paper(folder: Path) -> Made:
    sheets = [
        Sheet("abstract", [*_title(), *_introduction(), BoxBreak(), *_pipeline()], _paint, FIRST),
        Sheet("data", _data(), _paint, FULL),
        Sheet("results", make_results(), _paint, FULL),
        Sheet("discussion", make_discussion(), _paint, LAST),
    ]
    title = "Listening for Leaks with Few Sensors"
    return write_pdf(folder / f"{STEM}.pdf", title, "L. Achterberg, S. Munroe-Diaz, K. Yilmazer", sheets)


def _paint(canvas: Canvas, number: int) -> None:
    canvas.setFont("Times-Italic", 8.5)
    canvas.setFillColor(GREY)
    canvas.drawString(MARGIN, A4[1] - 42, "Journal of Buried Infrastructure 7 (2023) 211-214")
    canvas.drawRightString(A4[0] - MARGIN, A4[1] - 42, f"{number + 210}")


def _title() -> list[Flowable]:
    return [
        heading(THEME, "Listening for Leaks with Few Sensors: Sparse Probing of Buried Water Mains"),
        body(
            THEME,
            "Lieke Achterberg<super>1</super>, Santiago Munroe-Diaz<super>2</super> and Kerem "
            "Yilmazer<super>1</super>",
        ),
        note(
            THEME,
            "1 Hydraulics Laboratory, Technical University of Vennmark. 2 Sonde Acoustics Ltd, Farrow Bay. Received "
            "3 October 2022, accepted 27 February 2023.",
        ),
        BoxBreak(),
    ]


def _introduction() -> list[Flowable]:
    return [
        *make_section(
            "Abstract",
            "Leaks are usually found with one acoustic logger every 80 m. We show that one logger every 240 m "
            "is enough when "
            "the signals of a whole district are judged together. Our method, SPARROW, reaches an F1 score of "
            "0.87 after "
            "24 hours of listening, with a third of the hardware, and places a leak within 3.1 m in the median. "
            "It runs on "
            "a battery-powered board at 1.4 W.",
        ),
        *make_section(
            "1 Introduction",
            "Water utilities lose between 5% and 40% of what they pump [1]. Small leaks run for a year and more "
            "before "
            "anyone notices. Correlators find them well in metal pipes, but in plastic pipes sound fades after "
            "some 30 m "
            "[2], and a dense network of loggers is dear: about 310 euros apiece, with a new battery every four "
            "years.",
            "Earlier work has treated each pair of loggers on its own [3, 4]. A district, however, is one "
            "system: when "
            "a leak opens, pressure and noise change everywhere at once, if only slightly.",
            "We make three contributions. First, a graph model that follows the pipes instead of the streets. "
            "Second, a "
            "public data set of 412 artificial leaks. Third, a field trial of nine months in two towns.",
            "We do not treat leaks on the customer's side of the meter, and we assume that the map of the "
            "network is right. "
            "Section 4 discusses what happens when it is not.",
        ),
        *make_section(
            "2 Method",
            "SPARROW turns ten-second recordings into 64 band energies. A graph network of five layers passes "
            "messages "
            "along the pipes; material, diameter and age of each pipe are attributes of its edge. Its output is the "
            "probability of a leak for every metre of pipe.",
        ),
    ]


def _pipeline() -> list[Flowable]:
    drawing, wide = Drawing(BODY[2], 62), BODY[2] / 4
    for i, stage in enumerate(STAGES):
        drawing.add(Rect(wide * i + 4, 12, wide - 24, 40, fillColor=HexColor(THEME.pale), strokeColor=GREY))
        drawing.add(
            String(wide * i + wide / 2 - 8, 29, stage, fontName="Times-Roman", fontSize=9, textAnchor="middle")
        )
        if i:
            drawing.add(Line(wide * i - 18, 32, wide * i + 2, 32, strokeColor=HexColor(THEME.second), strokeWidth=1.6))
    return [
        drawing,
        note(THEME, "Figure 1: From sound to leak. The graph has a node for each valve, bend and logger."),
    ]


def _data() -> list[Flowable]:
    rows = [
        ("", "Vennmark", "Farrow Bay"),
        ("Pipe length, km", "38.6", "21.9"),
        ("Plastic pipes", "61%", "34%"),
        ("Loggers, dense", "483", "274"),
        ("Loggers, sparse", "161", "92"),
        ("Artificial leaks", "268", "144"),
        ("Natural leaks", "37", "15"),
        ("Hours recorded", "6,480", "5,904"),
    ]
    settings = [
        ("Setting", "Value"),
        ("Learning rate", "0.0004"),
        ("Batch size", "48"),
        ("Epochs", "120"),
        ("Layers", "5"),
        ("Hidden width", "96"),
        ("Dropout", "0.15"),
        ("Parameters", "1.9 million"),
    ]
    return [
        *make_section(
            "2.1 Training",
            "We train with a focal loss, because only one recording in 700 contains a leak. The map of pipes is "
            "perturbed "
            "at random: 5% of the valves are flipped in each epoch. Training takes 7 hours on one graphics "
            "card; Table 1 "
            "lists the settings. They were chosen on the leaks of the first two months and never changed afterwards.",
        ),
        note(THEME, "Table 1: Settings of the training."),
        grid(THEME, settings, (COLUMN - 90, 90)),
        *make_section(
            "2.2 Data",
            "Both towns allowed us to open hydrants and drill stand pipes at night. Flow at the artificial leaks was "
            "between 0.2 and 4.0 litres a second. Natural leaks were confirmed by digging. Recordings with road works "
            "nearby (2.7% of all) were left out.",
            "Table 2 describes the two districts. Vennmark is younger and has more plastic; Farrow Bay is "
            "hilly, with a "
            "pressure of 4.1 bar at the harbour and 7.8 bar at the old fort, and much of its cast iron dates "
            "from 1931.",
        ),
        note(THEME, "Table 2: The two districts of the field trial."),
        grid(THEME, rows, (COLUMN - 130, 65, 65)),
        BoxBreak(),
        *make_section(
            "2.3 Baselines",
            "We compare with (a) cross-correlation of neighbouring loggers, the method of the trade; (b) a "
            "support vector "
            "machine on wavelet features after Ostrander and Bligh [3]; and (c) a convolutional network that sees one "
            "logger at a time [4]. All had the same recordings. For (a) an expert set the filters by hand, for "
            "which she "
            "needed eleven working days.",
            "A leak counts as found when the predicted place is less than 10 m from the true one along the "
            "pipe. A second "
            "alarm for the same leak is not counted as false.",
        ),
        *make_section(
            "2.4 Hardware",
            "The loggers sample at 4 kHz with 16 bits and send a summary each night by narrow-band radio. A recording "
            "costs 0.9 J, sending it 2.2 J.",
        ),
    ]
