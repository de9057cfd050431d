"""Questions on the user guide, the handbook and the scanned letter."""

from __future__ import annotations

from maker import handbook, manual, notice
from maker.questions import FIGURE, LAYOUT, TABLE, TEXT, Question, asker, miss


def manual_questions() -> list[Question]:
    ask = asker(manual.STEM)
    return [
        ask(
            "How heavy is the mid-sized Kelvane?",
            "specifications",
            "14.6 kg",
            "DH-30|Weight|14.6 kg",
            TABLE,
            miss("entity", "How heavy is the Kelvane DH-50?", "DH-50"),
        ),
        ask(
            "How many litres fit into the container of the biggest model?",
            "specifications",
            "6.0 l",
            "Tank|6.0 l",
            TABLE,
        ),
        ask(
            "dehumidifier shows F4",
            "faults",
            "Filter blocked: wash the filter, then hold Fan for 5 seconds",
            "F4|Filter blocked",
            TABLE,
            miss("value", "Kelvane dehumidifier shows F9", "F9"),
        ),
        ask(
            "What happens if I keep my finger on the timer key?",
            "parts",
            "Child lock on or off",
            "Timer|Child lock",
            TABLE,
            miss("segment", "What happens if I hold the ioniser button for three seconds?", "ioniser"),
        ),
        ask(
            "Which number do Dutch customers ring for help?",
            "faults",
            "0800 555 7712",
            "Netherlands|0800 555 7712",
            TABLE,
            miss("region", "Which number do Belgian customers ring for help?", "Belgium"),
        ),
        ask(
            "How long should it stand before I switch it on for the first time after carrying it home?",
            "safety",
            "6 hours",
            "stand upright for 6 hours",
            TEXT,
        ),
        ask(
            "How many screws have to come out before first use, and what colour are they?",
            "setup",
            "four, red",
            "four red transport screws",
            LAYOUT,
        ),
        ask(
            "price of a new water container for the DH-40", "care", "\u20ac46.00", "Tank for DH-40|\u20ac46.00", TABLE
        ),
        ask(
            "How long is the motor that compresses the coolant covered?",
            "faults",
            "7 years",
            "compressor|7 years",
            TEXT,
        ),
        ask(
            "How many numbered circles point to the machine in the drawing?",
            "parts",
            "5",
            "Figure 1. The appliance|Part 5 is at the back",
            FIGURE,
        ),
        ask(
            "How quiet is the smallest one at its lowest speed?",
            "specifications",
            "36 dB",
            "Noise, low / high|36 / 43 dB",
            TABLE,
            miss("metric", "How much does the DH-20 cost to buy?", "DH-20|purchase price"),
        ),
    ]


def handbook_questions() -> list[Question]:
    ask = asker(handbook.STEM)
    return [
        ask(
            "Who teaches the course on cataloguing?",
            "modules",
            "Dr S. Quillfeather",
            "cataloguing|Dr S. Quillfeather",
            TABLE,
            miss("segment", "Who teaches the course on textile conservation?", "textile"),
        ),
        ask(
            "Which module has the most contact hours?",
            "modules",
            "Placement (DC290), 240",
            "DC290|Placement|240",
            TABLE,
        ),
        ask(
            "When do spring lectures start?",
            "dates",
            "9 February 2026",
            "Teaching begins|9 February 2026",
            TABLE,
            miss("year", "When do spring lectures start in 2027?", "2027"),
        ),
        ask("last day to hand in the final project", "dates", "31 July 2026", "Final project due|31 July 2026", TABLE),
        ask(
            "How much more do students from abroad pay for the year?",
            "fees",
            "\u20ac2,400",
            "Tuition, full year|\u20ac4,800|\u20ac7,200",
            TABLE,
        ),
        ask(
            "Until when can I ask for the bursary for people going back to work?",
            "fees",
            "30 May 2025",
            "Return to Work Bursary|30 May 2025",
            TABLE,
            miss("entity", "Until when can I ask for the sports scholarship?", "sports"),
        ),
        ask(
            "Cheapest room in a residence (not with a family), how much a month?",
            "fees",
            "\u20ac410 (Quarry Hall)",
            "Quarry Hall|\u20ac410",
            LAYOUT,
        ),
        ask("How many people applied for how many places?", "welcome", "141 for 26", "141 applications|26", TEXT),
        ask("Average mark needed to pass with honours", "modules", "75", "75 on average|distinction", TEXT),
    ]


def notice_questions() -> list[Question]:
    ask = asker(notice.STEM)
    return [
        ask(
            "What does it cost to park a second car in zone D4?",
            "letter",
            "\u00a3131.00",
            "second vehicle costs|\u00a3131.00",
            TEXT,
            miss("value", "What does a third vehicle cost in zone D4?", "third vehicle"),
            miss("metric", "What does a visitor's day ticket cost in zone D4?", "visitor"),
        ),
        ask(
            "By which day must the money be there to avoid the extra charge?",
            "letter",
            "15 August 2025",
            "15 August 2025|surcharge",
            TEXT,
        ),
        ask("Who signed the letter about the parking permit?", "letter", "Desmond Farthing", "Desmond Farthing", TEXT),
        ask("licence plate on the renewal slip", "letter", "KV21 RLT", "Vehicle|KV21 RLT", LAYOUT),
    ]
