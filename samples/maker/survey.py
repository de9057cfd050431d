"""A survey report with bar and line charts: how the people of the (invented) Varde Lakes region travel."""

from __future__ import annotations

from pathlib import Path

from reportlab.platypus import Flowable

from maker.blocks import body, box, bullets, gap, grid, heading, note
from maker.charts import Series, draw_bars, draw_lines, draw_rows, percent
from maker.furniture import banner, running
from maker.sheets import UNDER_BANNER, WIDTH, Made, Sheet, write_pdf
from maker.theme import Theme

STEM = "varde-lakes-travel-survey-2024"
THEME = Theme("#a3401f", "#fbf1ea", "#e0a06a", size=11.2)
MODES = ("Car", "Bus", "Train", "Bicycle", "On foot")
MODE_SHARES = {2020: (58, 14, 6, 12, 10), 2022: (54, 15, 8, 14, 9), 2024: (49, 17, 11, 16, 7)}
AGES = ("18-29", "30-44", "45-59", "60 and over")
HOME = {"Women": (2.1, 2.6, 1.8, 0.9), "Men": (1.7, 2.4, 2.0, 1.1)}
CYCLING = (
    ("18-29", "41%", "22%", "37%"),
    ("30-44", "33%", "29%", "38%"),
    ("45-59", "27%", "24%", "49%"),
    ("60 and over", "13%", "19%", "68%"),
)
YEARS = (2014, 2016, 2018, 2020, 2022, 2024)
CONTENT = {"Bus": (52, 55, 57, 48, 53, 61), "Train": (64, 63, 59, 51, 46, 44)}
COUNTIES = ("Ellerby", "Northwold", "Saltern", "Upper Varde", "Kesh", "Marlow Flats")
DELAYS = (31, 44, 27, 38, 52, 19)
CHARGING = (18, 9, 22, 7, 5, 13)
REASONS = ("No direct connection", "Takes too long", "Too expensive", "Not punctual", "Too crowded", "Feels unsafe")
REASON_SHARES = (43, 39, 28, 24, 17, 6)


def write_survey(folder: Path) -> Made:
    small = "Varde Lakes Travel Survey 2024  |  Report 14/2024  |  Fieldwork: 4 March to 19 April 2024"
    front = banner(THEME, small, ("Getting to work", "and back again"))
    paint = running(THEME, "Varde Lakes Travel Survey 2024", "Institute for Regional Mobility")
    pages = {"modes": _modes(), "home": _home(), "trend": _trend(), "counties": _counties(), "method": _method()}
    sheets = [
        Sheet("summary", _summary(), front, [UNDER_BANNER]),
        *(Sheet(name, flow, paint) for name, flow in pages.items()),
    ]
    return write_pdf(
        folder / f"{STEM}.pdf", "Getting to work and back again", "Institute for Regional Mobility", sheets
    )


def _summary() -> list[Flowable]:
    return [
        heading(THEME, "What we found"),
        *bullets(
            THEME,
            (
                "Fewer than half of all commuters now drive to work. Ten years ago it was almost two thirds.",
                "Buses have won back their passengers since the pandemic; satisfaction with trains is at its "
                "lowest since "
                "the survey began.",
                "A commuter travels 16.4 km to work and needs 34 minutes on average. The median journey is 11 km.",
                "Three in ten households (30%) have given up a car since 2018, or are thinking of it.",
                "Support for a lower speed limit in towns has risen to 57%, from 49% in the previous survey.",
            ),
        ),
        gap(6),
        box(
            THEME,
            [
                heading(THEME, "In the words of our respondents", 3),
                body(
                    THEME,
                    "\u201cI would take the train tomorrow if it came when the timetable says.\u201d Nurse, 38, Kesh",
                ),
                body(THEME, "\u201cThe bus is fine. The bus stop is a puddle.\u201d Student, 21, Northwold"),
            ],
            WIDTH,
        ),
        heading(THEME, "What we recommend", 2),
        body(
            THEME,
            "First, an hourly express bus between Kesh and Port Ellery, at a yearly cost of 2.3 million crowns. "
            "Second, 1,200 covered bicycle stands at the nine busiest stations. Third, one ticket for all six "
            "counties: 71% of the respondents want it, and only 8% are against.",
        ),
    ]


def _modes() -> list[Flowable]:
    series = [percent(str(year), shares) for year, shares in MODE_SHARES.items()]
    return [
        heading(THEME, "1. How people get to work"),
        body(
            THEME,
            "Respondents named the means of transport with which they cover most of the way on a normal working "
            "day. The car remains in front, but it has lost nine points in four years.",
        ),
        gap(6),
        draw_bars(THEME, MODES, series, WIDTH, 210),
        note(THEME, "Figure 1. Main means of transport to work, 2020, 2022 and 2024. Share of commuters."),
        body(THEME, "Those who do not use public transport were asked why. They could give up to two reasons."),
        gap(4),
        draw_rows(THEME, REASONS, percent("Share", REASON_SHARES), WIDTH),
        note(THEME, "Figure 2. Reasons for not using public transport, 2024. Base: 1,874 respondents who drive."),
    ]


def _home() -> list[Flowable]:
    series = [Series(name, values, [f"{v:.1f}" for v in values]) for name, values in HOME.items()]
    rows = [("Age", "Every week", "Now and then", "Never"), *CYCLING]
    return [
        heading(THEME, "2. Age makes the difference"),
        body(
            THEME,
            "Working from home is most common between 30 and 44. It has settled at a level of 1.9 days a week over "
            "all age groups; in 2022 it was 2.2 days.",
        ),
        gap(6),
        draw_bars(THEME, AGES, series, WIDTH, 190),
        note(
            THEME, "Figure 3. Days a week worked from home by age and sex, 2024. Base: employees with an office job."
        ),
        heading(THEME, "Table 1. Cycling by age group, 2024", 3),
        grid(THEME, rows, (WIDTH - 270, 90, 90, 90), solid=True),
        note(THEME, "Question 12: \u201cHow often do you ride a bicycle, for whatever purpose?\u201d"),
        body(
            THEME,
            "Electric bicycles are no longer a matter of age: 15% of those under 30 own one, and 18% of those over "
            "60. Helmets are worn by 62% of all riders.",
        ),
    ]


def _trend() -> list[Flowable]:
    series = [percent(name, values) for name, values in CONTENT.items()]
    return [
        heading(THEME, "3. Satisfaction over ten years"),
        body(
            THEME,
            "Every second year we ask passengers how content they are with the line they use most. The curves have "
            "crossed: in 2020 trains were still ahead, since 2022 buses are.",
        ),
        gap(6),
        draw_lines(THEME, [str(y) for y in YEARS], series, WIDTH, 230),
        note(
            THEME,
            "Figure 4. Passengers who are \u201ccontent\u201d or \u201cvery content\u201d with their line, 2014 "
            "to 2024.",
        ),
        body(
            THEME,
            "The new fleet of 64 low-floor buses, in service since May 2023, explains much of the gain. On the "
            "railway, single-track working at Saltern Bridge has added up to 14 minutes to each journey since "
            "August 2021, and it will last until the end of 2026.",
        ),
        box(
            THEME,
            [
                body(
                    THEME,
                    "<b>Reading the figure.</b> In 2024, 61 of 100 bus passengers were content. Changes of "
                    "three points or more are statistically significant.",
                )
            ],
            WIDTH,
        ),
    ]


def _counties() -> list[Flowable]:
    rows = [
        ("County", "Respondents", "Households without a car", "With a season ticket"),
        ("Ellerby", "712", "21%", "26%"),
        ("Northwold", "548", "12%", "15%"),
        ("Saltern", "633", "17%", "29%"),
        ("Upper Varde", "401", "8%", "11%"),
        ("Kesh", "366", "6%", "9%"),
        ("Marlow Flats", "490", "14%", "18%"),
    ]
    return [
        heading(THEME, "4. Six counties compared"),
        draw_rows(THEME, COUNTIES, percent("Late", DELAYS), WIDTH),
        note(
            THEME, "Figure 5. Commuters who arrived late at least once in the past week because of traffic or delays."
        ),
        gap(6),
        draw_rows(THEME, COUNTIES, percent("Charging", CHARGING), WIDTH),
        note(THEME, "Figure 6. Workplaces that offer charging points for electric cars, by county."),
        heading(THEME, "Table 2. Respondents and households by county", 3),
        grid(THEME, rows, (WIDTH - 350, 80, 145, 125), solid=True),
        body(
            THEME,
            "Kesh has no railway; its county council has applied for a halt at Nether Kesh, for which 4,300 "
            "signatures were collected.",
        ),
    ]


def _method() -> list[Flowable]:
    rows = [
        ("Step", "Persons", "Share"),
        ("Invited by letter", "9,000", "100%"),
        ("Opened the questionnaire", "4,212", "46.8%"),
        ("Completed it", "3,150", "35.0%"),
        ("of whom on paper", "604", "6.7%"),
        ("of whom online", "2,546", "28.3%"),
    ]
    return [
        heading(THEME, "About the survey"),
        body(
            THEME,
            "The sample was drawn at random from the registers of residents of all six counties. Persons of 18 and "
            "over could take part. One reminder was sent after 16 days. Among those who answered, 40 shopping "
            "vouchers of 50 crowns each were drawn.",
        ),
        heading(THEME, "Table 3. From invitation to answer", 3),
        grid(THEME, rows, (WIDTH - 180, 90, 90), solid=True),
        body(
            THEME,
            "The results are weighted by age, sex and county. The margin of error for the whole sample is 1.7 "
            "percentage points at a confidence level of 95%. The questionnaire had 38 questions and took 17 "
            "minutes on "
            "average.",
        ),
        heading(THEME, "Contact", 2),
        body(
            THEME,
            "Dr Oona Pelletier-Grahn, head of surveys, telephone 0555 318 2204, survey@mobility-ellery.example. "
            "The data can be had for research from 1 February 2025. The next survey is planned for spring 2026.",
        ),
    ]
