"""Questions on the two annual reports. Figures come from the ledgers; who wins a comparison is asserted."""

from __future__ import annotations

from maker.facts import Ledger
from maker.flagships import BRANKHOLM, OSTRELLIA
from maker.questions import CHART, TABLE, TEXT, Question, asker, miss


def brankholm_questions(ledger: Ledger) -> list[Question]:
    ask, value = asker(BRANKHOLM.stem), ledger.value
    water = [value("Revenue", year, "Municipal Water") for year in (2023, 2022)]
    rise = ledger.get("Revenue", 2023, "Municipal Water") - ledger.get("Revenue", 2022, "Municipal Water")
    pacific = [value("Employees", year, "Asia Pacific") for year in (2023, 2022)]
    assert min(BRANKHOLM.region_names, key=lambda name: ledger.get("Revenue", 2023, name)) == "Asia Pacific"
    hired = ledger.get("Employees", 2023, "Asia Pacific") - ledger.get("Employees", 2022, "Asia Pacific")
    return [
        ask(
            "How much did Brankholm take in from all its customers in the 2022/23 fiscal year?",
            "letter|glance|segments|regions|income",
            f"\u20ac{value('Revenue', 2023)} million",
            value("Revenue", 2023),
            f"{TABLE}|{TEXT}",
            miss("year", "How much did Brankholm take in from all its customers in 2018?", "2018"),
        ),
        ask(
            "By how many million euros did sales to public utilities grow between 2022 and 2023?",
            "segments",
            f"{rise:.1f}",
            "|".join(("Municipal Water", *water)),
            TABLE,
        ),
        ask(
            "Brankholm operating profit Marine & Offshore 2021",
            "segments",
            value("Operating profit", 2021, "Marine & Offshore"),
            f"Operating profit by segment|Marine & Offshore|{value('Operating profit', 2021, 'Marine & Offshore')}",
            TABLE,
            miss("segment", "Brankholm operating profit Compressors 2021", "Compressors"),
        ),
        ask(
            "What was invested in the pumps-for-paper-mills division, according to the notes, in fiscal 2022?",
            "notes",
            f"\u20ac{value('Capital expenditure', 2022, 'Process Pumps')} million",
            f"Capital expenditure by segment|Process Pumps|{value('Capital expenditure', 2022, 'Process Pumps')}",
            TABLE,
        ),
        ask(
            "How many more people worked for the group in Asia at the end of 2023 than a year before?",
            "people",
            f"{hired:.0f}",
            "|".join(("Asia Pacific", *pacific)),
            TABLE,
            miss(
                "region", "How many people worked for Brankholm in South America at the end of 2023?", "South America"
            ),
        ),
        ask(
            "Which part of the world brought Brankholm the least money in 2023, and how much?",
            "regions",
            f"Asia Pacific, \u20ac{value('Revenue', 2023, 'Asia Pacific')} million",
            f"Asia Pacific|{value('Revenue', 2023, 'Asia Pacific')}",
            f"{CHART}|{TABLE}",
        ),
        ask(
            "How long did the strike at the shipyard go on that held up two ballast systems?",
            "letter",
            "47 days",
            "47 days|Orsund",
            TEXT,
        ),
        ask(
            "What did they pay for the family firm that makes mechanical seals?",
            "letter",
            "\u20ac41.2 million",
            "Dallmoor Seals|41.2",
            TEXT,
            miss(
                "metric",
                "What were the yearly sales of the mechanical seal firm when it was taken over?",
                "Dallmoor|sales of",
            ),
            miss("value", "In which yard did the strike of 74 days hold up two ballast systems?", "74 days"),
        ),
        ask("goodwill from the Dallmoor acquisition", "notes", "\u20ac16.9 million", "Dallmoor|goodwill|16.9", TEXT),
        ask(
            "Who checks the books of Brankholm and what is the firm paid for the audit itself?",
            "notes",
            "Lindqvist Farrow LLP, \u20ac1.9 million",
            "Lindqvist Farrow LLP|1.9 million",
            TEXT,
            miss(
                "metric",
                "How many years has Lindqvist Farrow been the auditor of Brankholm?",
                "Lindqvist Farrow|since",
            ),
        ),
        ask(
            "For how many hours could no orders be entered after the hackers got in?",
            "people",
            "31 hours",
            "31 hours",
            TEXT,
        ),
        ask(
            "How much money was in the bank and at hand at the end of June 2022?",
            "position",
            f"\u20ac{value('Cash and cash equivalents', 2022)} million",
            f"Cash and cash equivalents|{value('Cash and cash equivalents', 2022)}",
            TABLE,
            miss(
                "year", "How much cash did Brankholm hold at the end of June 2020?", "Cash and cash equivalents|2020"
            ),
        ),
        ask(
            "Brankholm free cash flow in 2020?",
            "glance",
            f"\u20ac{value('Free cash flow', 2020)} million",
            f"Free cash flow|{value('Free cash flow', 2020)}|2020",
            TABLE,
        ),
        ask(
            "Until when can the group draw on its bank credit line, and how many banks stand behind it?",
            "position",
            "May 2027, six banks",
            "May 2027|six banks",
            TEXT,
        ),
    ]


def ostrellia_questions(ledger: Ledger) -> list[Question]:
    ask, value = asker(OSTRELLIA.stem), ledger.value
    meals = value("Depreciation", 2024, "Ready Meals")
    assert ledger.get("Depreciation", 2024, "Ready Meals") > ledger.get("Depreciation", 2024, "Bakery & Snacks")
    gap = ledger.get("Revenue", 2024, "Iberia") - ledger.get("Revenue", 2024, "United Kingdom")
    return [
        ask(
            "What did Ostrellia earn after tax in 2024?",
            "letter|income",
            f"${value('Profit for the year', 2024)} million",
            value("Profit for the year", 2024),
            f"{TABLE}|{TEXT}",
            miss("year", "What did Ostrellia earn after tax in 2019?", "2019"),
        ),
        ask(
            "How big is the gap between sales in Spain and Portugal and those in Britain for 2024?",
            "regions",
            f"${gap:.1f} million",
            f"{value('Revenue', 2024, 'Iberia')}|{value('Revenue', 2024, 'United Kingdom')}",
            f"{CHART}|{TABLE}",
            miss("region", "What were the 2024 sales of Ostrellia in Germany?", "Germany"),
        ),
        ask(
            "Operating income of the bread and cracker business two years before the report",
            "segments",
            f"${value('Operating profit', 2022, 'Bakery & Snacks')} million",
            f"Operating income by segment|Bakery & Snacks|{value('Operating profit', 2022, 'Bakery & Snacks')}",
            TABLE,
        ),
        ask(
            "Which segment wrote off more of its equipment in 2024, frozen dishes or bakery?",
            "notes",
            f"Ready Meals ({meals})",
            f"Depreciation by segment|{meals}|{value('Depreciation', 2024, 'Bakery & Snacks')}",
            TABLE,
        ),
        ask(
            "What did the lasagne that had to be taken off the shelves cost the company?",
            "letter",
            "$7.4 million",
            "lasagne|7.4 million",
            TEXT,
            miss("entity", "What did the recall of the oat yogurt cost Ostrellia?", "recall of the oat yogurt"),
        ),
        ask(
            "How many restricted shares did managers get, and when are they theirs?",
            "notes",
            "412,000; after three years",
            "412,000|three years",
            TEXT,
            miss("metric", "At what price per share were the 412,000 restricted shares granted?", "412,000|price"),
        ),
        ask(
            "When is the lawsuit of the former Peruvian sales partner heard?",
            "notes",
            "September 2025",
            "Peru|September 2025",
            TEXT,
            miss("entity", "When is the lawsuit of the former Bolivian distributor heard?", "Bolivia"),
        ),
        ask(
            "Dividend per share proposed for 2024 and for the year before",
            "letter|income",
            f"${value('Dividend per share', 2024)} and ${value('Dividend per share', 2023)}",
            f"dividend|{value('Dividend per share', 2024)}|{value('Dividend per share', 2023)}",
            f"{TEXT}|{TABLE}",
        ),
        ask("share of sales over the internet at the food group", "regions", "11.5%", "Online orders|11.5%", TEXT),
        ask(
            "What interest does the bond carry that falls due in 2029?",
            "position",
            "4.35%",
            "2029|4.35%",
            TEXT,
            miss("value", "What interest does Ostrellia's $250 million bond carry?", "$250 million"),
        ),
        ask(
            "What portion of leadership posts was held by women in 2023?",
            "people",
            value("Women managers", 2023),
            f"Women in management|{value('Women managers', 2023)}",
            TABLE,
        ),
        ask("How many checks for allergens are made each week?", "people", "1,900", "1,900 tests", TEXT),
        ask(
            "What does Ostrellia spend on advertising, as a share of its sales?",
            "segments",
            "6.8%",
            "Marketing spend|6.8%",
            TEXT,
        ),
    ]
