"""The handbook of an invented training programme: modules, dates, fees, assessment."""

from __future__ import annotations

from pathlib import Path

from reportlab.platypus import Flowable

from maker.blocks import body, box, bullets, gap, grid, heading, note
from maker.furniture import banner, running
from maker.sheets import UNDER_BANNER, WIDTH, Made, Sheet, write_pdf
from maker.theme import Theme

STEM = "calder-ridge-handbook-2025-26"
THEME = Theme("#7a5a12", "#faf4e4", "#d9b35a", serif=True, size=12)
MODULES = (
    ("DC101", "Materials and decay", "10", "48", "Prof. E. Lindgaard"),
    ("DC102", "Imaging for archives", "10", "52", "Dr P. Nakamura-Hale"),
    ("DC103", "Law and ethics of collections", "5", "20", "M. Adeyemi-Strand"),
    ("DC104", "Metadata and cataloguing", "10", "44", "Dr S. Quillfeather"),
    ("DC201", "Rescue of magnetic media", "15", "60", "T. Brandvold"),
    ("DC202", "Storage and checksums", "10", "40", "Dr P. Nakamura-Hale"),
    ("DC203", "Disaster planning", "5", "24", "G. Osei-Marchetti"),
    ("DC290", "Placement", "20", "240", "T. Brandvold"),
    ("DC299", "Final project", "15", "30", "Prof. E. Lindgaard"),
)
AUTUMN = (
    ("Applications close", "30 May 2025"),
    ("Letters of admission", "27 June 2025"),
    ("First instalment of fees", "1 September 2025"),
    ("Welcome week", "15-19 September 2025"),
    ("Teaching begins", "22 September 2025"),
    ("Reading week", "27-31 October 2025"),
    ("Essay for DC103 due", "14 November 2025"),
    ("Teaching ends", "12 December 2025"),
    ("Examinations", "12-16 January 2026"),
)
SPRING = (
    ("Choice of placement", "9 January 2026"),
    ("Second instalment of fees", "2 February 2026"),
    ("Teaching begins", "9 February 2026"),
    ("Study trip to Haldry", "16-20 March 2026"),
    ("Project outline due", "27 March 2026"),
    ("Teaching ends", "1 May 2026"),
    ("Placement", "11 May-19 June 2026"),
    ("Final project due", "31 July 2026"),
    ("Graduation", "18 September 2026"),
)


def write_handbook(folder: Path) -> Made:
    small = "Calder Ridge Institute of Heritage Science  |  Handbook 2025/26"
    front = banner(THEME, small, ("Certificate in", "Digital Conservation"))
    paint = running(THEME, "Certificate in Digital Conservation", "Handbook 2025/26")
    pages = {"modules": _modules(), "dates": _dates(), "fees": _fees()}
    sheets = [
        Sheet("welcome", _welcome(), front, [UNDER_BANNER]),
        *(Sheet(name, flow, paint) for name, flow in pages.items()),
    ]
    return write_pdf(folder / f"{STEM}.pdf", "Handbook 2025/26", "Calder Ridge Institute", sheets)


def _welcome() -> list[Flowable]:
    return [
        heading(THEME, "Welcome"),
        body(
            THEME,
            "The Certificate in Digital Conservation is a one-year programme for people who look after "
            "collections: in "
            "archives, museums, broadcasting and family firms. This is its eighth year. So far 173 people have "
            "completed "
            "it, and nine in ten work in the field today.",
        ),
        body(
            THEME,
            "Places are limited to 26. We received 141 applications for the coming year, 19 more than for the last.",
        ),
        heading(THEME, "What you will be able to do", 2),
        *bullets(
            THEME,
            (
                "judge the state of tapes, discs, negatives and files,",
                "plan and run a digitisation project within a budget,",
                "write a disaster plan that firefighters will read,",
                "choose formats that can still be opened in fifty years.",
            ),
        ),
        heading(THEME, "Who is who", 2),
        grid(
            THEME,
            [
                ("Role", "Name", "Room"),
                ("Director of the programme", "Prof. Edda Lindgaard", "B 2.14"),
                ("Study adviser", "Jolyon Mathieson", "B 1.03"),
                ("Placements", "Tora Brandvold", "C 0.22"),
                ("Laboratory", "Dr Pia Nakamura-Hale", "C 1.17"),
                ("Disability officer", "Grace Osei-Marchetti", "A 0.09"),
            ],
            (190, 190, WIDTH - 380),
            text_columns=3,
        ),
        box(
            THEME,
            [
                body(
                    THEME,
                    "<b>Programme office.</b> Open Tuesday to Friday, 10 to 15 h, building B, ground floor. Telephone "
                    "0555 740 3360, certificate@calder-ridge.example",
                )
            ],
            WIDTH,
        ),
    ]


def _modules() -> list[Flowable]:
    rows = [("Code", "Module", "Credits", "Hours", "Lead"), *MODULES]
    return [
        heading(THEME, "Modules"),
        body(
            THEME,
            "The first digit of the code is the semester: 1 for autumn, 2 for spring. All modules are "
            "compulsory except "
            "DC203, which may be exchanged for a module of the Institute's master's programme.",
        ),
        grid(THEME, rows, (52, 190, 52, 48, WIDTH - 342), text_columns=2),
        note(THEME, "One credit stands for 25 hours of work, of which the table shows the contact hours."),
        heading(THEME, "How you are assessed", 2),
        grid(
            THEME,
            [
                ("Module", "Form", "Weight"),
                ("DC101", "Written examination, 3 hours", "100%"),
                ("DC102", "Portfolio of 12 images", "70%"),
                ("DC102", "Oral examination, 20 minutes", "30%"),
                ("DC103", "Essay of 2,500 words", "100%"),
                ("DC201", "Laboratory report", "60%"),
                ("DC299", "Project and public talk", "100%"),
            ],
            (60, 250, WIDTH - 310),
            text_columns=2,
        ),
        body(
            THEME,
            "The pass mark is 50; those who reach 75 on average receive the certificate with distinction. An "
            "examination can "
            "be repeated once. Work handed in late loses 5 marks a day and is not accepted after one week.",
        ),
    ]


def _dates() -> list[Flowable]:
    widths = (WIDTH - 190, 190)
    return [
        heading(THEME, "Dates and deadlines"),
        heading(THEME, "Autumn semester", 2),
        grid(THEME, [("Event", "Date"), *AUTUMN], widths),
        heading(THEME, "Spring semester", 2),
        grid(THEME, [("Event", "Date"), *SPRING], widths),
        body(
            THEME,
            "Requests for an extension must reach the study adviser at least five working days before the "
            "deadline. The library "
            "is closed from 22 December to 2 January.",
        ),
    ]


def _fees() -> list[Flowable]:
    return [
        heading(THEME, "Fees, grants and places to stay"),
        grid(
            THEME,
            [
                ("Fee", "Residents", "Others"),
                ("Tuition, full year", "\u20ac4,800", "\u20ac7,200"),
                ("Laboratory materials", "\u20ac350", "\u20ac350"),
                ("Study trip to Haldry", "\u20ac290", "\u20ac290"),
                ("Repeat of an examination", "\u20ac60", "\u20ac60"),
            ],
            (WIDTH - 220, 110, 110),
        ),
        body(
            THEME,
            "Tuition is paid in two equal instalments. Those who withdraw before teaching begins get back all "
            "but \u20ac200; "
            "after that nothing is refunded.",
        ),
        heading(THEME, "Grants", 2),
        grid(
            THEME,
            [
                ("Grant", "Places", "Amount", "Apply by"),
                ("Rosalind Kettering Grant", "3", "\u20ac4,800", "15 April 2025"),
                ("Small Museums Fund", "6", "\u20ac1,500", "2 May 2025"),
                ("Return to Work Bursary", "2", "\u20ac3,000", "30 May 2025"),
                ("Travel help for Haldry", "8", "\u20ac180", "13 February 2026"),
            ],
            (200, 70, 80, WIDTH - 350),
        ),
        body(THEME, "Nobody can hold more than one grant at a time; travel help is the exception."),
        heading(THEME, "Places to stay", 2),
        *bullets(
            THEME,
            (
                "Quarry Hall: 14 rooms, \u20ac410 a month, shared kitchen, ten minutes on foot",
                "Old Dairy: 9 rooms, \u20ac465 a month, own bathroom, bus 6",
                "Host families: from \u20ac380 a month with breakfast, ask Jolyon Mathieson",
            ),
        ),
        gap(6),
        box(
            THEME,
            [
                body(
                    THEME,
                    "<b>Health insurance</b> is compulsory. Participants under 30 can join the Institute's "
                    "scheme for \u20ac47 a "
                    "month.",
                )
            ],
            WIDTH,
        ),
    ]
