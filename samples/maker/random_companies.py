"""Random companies for bigger tests: their reports have the pages of the sample reports and other names and "
"figures."""

from __future__ import annotations

from random import Random

from maker.company import Company, Segment, Story
from maker.sheets import seed_for
from maker.theme import Theme

FIRST = (
    "Aldren",
    "Bexmoor",
    "Corvane",
    "Dunhallow",
    "Elstrand",
    "Farrowick",
    "Gellmark",
    "Hestvale",
    "Ivarsund",
    "Jorrendal",
    "Kestwyn",
    "Lanngate",
    "Morvend",
    "Nethercroy",
    "Ostmark",
    "Pellworth",
    "Quarrenby",
    "Rendalen",
    "Selvaton",
    "Thurnby",
    "Ulvestad",
    "Varnholt",
    "Westrell",
    "Yarrowdene",
    "Zeldhaven",
)
SECTORS: dict[str, tuple[str, ...]] = {
    "Instruments": ("Laboratory Devices", "Process Sensors", "Medical Imaging", "Calibration Services", "Optics"),
    "Logistics": ("Road Freight", "Contract Warehousing", "Parcel Delivery", "Cold Chain", "Port Terminals"),
    "Energy": ("Onshore Wind", "District Heating", "Grid Services", "Battery Storage", "Retail Supply"),
    "Textiles": ("Workwear", "Home Textiles", "Technical Fabrics", "Rental Services", "Yarns"),
    "Software": ("Payroll Cloud", "Retail Systems", "Public Sector", "Consulting", "Managed Hosting"),
    "Packaging": ("Folding Cartons", "Glass Containers", "Labels", "Closures", "Recycled Fibre"),
}
REGIONS = (
    "Nordics",
    "Baltics",
    "Central Europe",
    "Southern Europe",
    "North America",
    "Latin America",
    "Middle East",
    "Asia Pacific",
    "United Kingdom",
    "Africa",
)
MONEY = (("EUR", "\u20ac"), ("USD", "$"), ("GBP", "\u00a3"))
ENDS = ("31 March", "30 June", "30 September", "31 December")
LABELS: tuple[dict[str, str], ...] = (
    {},
    {"Revenue": "Net sales", "Operating profit": "Operating income", "Profit for the year": "Net income"},
    {"Revenue": "Turnover", "Profit for the year": "Net profit", "Capital expenditure": "Investments"},
    {"Inventories": "Stocks", "Employees": "Headcount", "Trade receivables": "Accounts receivable"},
)
COLOURS = (
    ("#7a2e2e", "#f6ecec", "#c98a6b"),
    ("#2f3e6b", "#eceef6", "#7f93c9"),
    ("#1f5a52", "#e9f3f1", "#6fb3a6"),
    ("#5a3d6b", "#f1ecf5", "#a98cc0"),
)
NAMES = ("Ada Kerrick", "Jonas Whitlow", "Marit Oyen-Clarke", "Pedro Salcino", "Ruth Ambler", "Stellan Voss")


def make_companies(count: int, seed: int = 0) -> list[Company]:
    """`count` companies of different names; the first ones stay the same when `count` grows."""
    return [_make_company(n, seed_for(f"report {seed} {n}")) for n in range(count)]


def _make_company(number: int, rng: Random) -> Company:
    short = FIRST[number % len(FIRST)] + ("" if number < len(FIRST) else f" {_roman(number // len(FIRST) + 1)}")
    sector = rng.choice(sorted(SECTORS))
    segments = tuple(_make_segment(name, rng) for name in rng.sample(SECTORS[sector], rng.randint(3, 4)))
    regions = rng.sample(REGIONS, rng.randint(3, 5))
    year, (currency, sign), accent = rng.randint(2016, 2024), rng.choice(MONEY), rng.choice(COLOURS)
    labels = rng.choice(LABELS)
    pages = ["letter", "segments", "regions", "income", "position", "notes", "people"]
    if rng.random() < 0.5:
        pages.insert(1, "glance")
    return Company(
        stem=f"{short.lower().replace(' ', '-')}-{sector.lower()}-{year}",
        name=f"{short} {sector} Group",
        short=short.replace(" ", "-"),
        currency=currency,
        sign=sign,
        year=year,
        ended=f"{rng.choice(ENDS)} {year}",
        segments=segments,
        regions=tuple((name, 1 / len(regions)) for name in regions),
        shares=round(rng.uniform(20, 90), 1),
        story=_make_story(short, segments, regions, labels, rng),
        theme=Theme(*accent, serif=rng.random() < 0.4, size=10.4),
        pages=tuple(pages),
        labels=labels,
    )


def _make_segment(name: str, rng: Random) -> Segment:
    return Segment(name, rng.uniform(60, 420), rng.uniform(-0.03, 0.1), rng.uniform(0.14, 0.22))


def _roman(number: int) -> str:
    return "I" * number if number < 4 else f"No. {number}"


def _make_story(
    short: str, segments: tuple[Segment, ...], regions: list[str], labels: dict[str, str], rng: Random
) -> Story:
    revenue, profit = labels.get("Revenue", "Revenue"), labels.get("Operating profit", "Operating profit")
    one, two = rng.sample([s.name for s in segments], 2)
    near, far = rng.sample(regions, 2)
    people = labels.get("Employees", "Employees").lower()
    return Story(
        strapline=f"{short}: a year in figures",
        letter=(
            f"{revenue} of the group reached {{Revenue|0}} in {{year|0}}, a change of {{Revenue growth|0}} from "
            f"{{Revenue|-1}} in {{year|-1}}. {profit} was {{Operating profit|0}}, and the operating margin "
            "{Operating margin|0} ({Operating margin|-1} a year earlier).",
            f"{one} contributed {{Revenue|0|{one}}}, {two} {{Revenue|0|{two}}}. In {near} our customers bought for "
            f"{{Revenue|0|{near}}}.",
            "We propose a dividend of {Dividend per share|0} a share; for {year|-1} it was {Dividend per share|-1}. "
            "Free cash flow came to {Free cash flow|0}.",
        ),
        signed=(rng.choice(NAMES), "Chief Executive"),
        segments=(f"{two} earned {{Operating profit|0|{two}}}, after {{Operating profit|-1|{two}}} in {{year|-1}}.",),
        regions=(f"{revenue} in {far} changed by {{Revenue growth|0|{far}}} to {{Revenue|0|{far}}}.",),
        income=("The effective tax rate was {Tax rate|0}, compared with {Tax rate|-1} in {year|-1}.",),
        position=(
            f"Borrowings at the end of {{year|0}} were {{Borrowings|0}}, and {people} numbered {{Employees|0}}.",
        ),
        notes=("Additions without leases.", "Straight line over the useful life of the assets."),
        people=(f"At the end of the year {{Employees|0|{near}}} of our {people} worked in {near}.",),
        risks=(("Prices", "Input costs are reviewed each quarter."), ("Supply", "Key parts have two sources.")),
    )
