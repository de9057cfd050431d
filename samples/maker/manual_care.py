"""The user guide's pages on care, specifications and faults."""

from __future__ import annotations

from reportlab.platypus import Flowable

from maker.blocks import body, box, bullets, gap, grid, heading, note, steps
from maker.looks import MANUAL as THEME
from maker.sheets import WIDTH


def make_care() -> list[Flowable]:
    rows = [
        ("Task", "How often", "How"),
        ("Wash the filter", "Every 2 weeks", "Lukewarm water, dry in the shade"),
        ("Wipe the tank", "Every week", "Vinegar, never bleach"),
        ("Vacuum the grille", "Every 3 months", "Soft brush"),
        ("Replace the carbon filter", "Every 6 months", "Part number 770-31"),
        ("Check the hose", "Once a year", "Look for kinks and algae"),
    ]
    return [
        heading(THEME, "Care and storage"),
        grid(THEME, rows, (150, 120, WIDTH - 270), text_columns=3, solid=True),
        heading(THEME, "Emptying the tank", 2),
        body(
            THEME,
            "When the tank is full the appliance stops, beeps ten times and shows F1. Pull the tank out with "
            "both hands. "
            "After you have put it back the appliance goes on after 3 minutes.",
        ),
        heading(THEME, "Putting it away for the summer", 2),
        *steps(
            THEME,
            (
                "Empty the tank and let the fan run for 2 hours without drying.",
                "Wind up the lead and put the filter in a paper bag.",
                "Store the appliance upright, between 5 and 40 \u00b0C.",
            ),
        ),
        heading(THEME, "Spare parts", 2),
        grid(
            THEME,
            [
                ("Part", "Number", "Price"),
                ("Dust filter", "770-12", "\u20ac14.90"),
                ("Carbon filter, set of 2", "770-31", "\u20ac22.50"),
                ("Tank for DH-20 and DH-30", "770-45", "\u20ac39.00"),
                ("Tank for DH-40", "770-46", "\u20ac46.00"),
                ("Castor", "770-60", "\u20ac5.20"),
            ],
            (WIDTH - 160, 80, 80),
            solid=True,
        ),
        gap(4),
    ]


def make_specs() -> list[Flowable]:
    rows = [
        ("", "DH-20", "DH-30", "DH-40"),
        ("Drying per day at 30 \u00b0C, 80%", "20 l", "30 l", "40 l"),
        ("Drying per day at 20 \u00b0C, 60%", "8.5 l", "12.8 l", "17.1 l"),
        ("Rated power", "290 W", "420 W", "560 W"),
        ("Power in standby", "0.4 W", "0.4 W", "0.5 W"),
        ("Tank", "3.0 l", "4.5 l", "6.0 l"),
        ("Room size up to", "28 m\u00b2", "45 m\u00b2", "70 m\u00b2"),
        ("Noise, low / high", "36 / 43 dB", "38 / 46 dB", "41 / 49 dB"),
        ("Air flow", "140 m\u00b3/h", "190 m\u00b3/h", "260 m\u00b3/h"),
        ("Refrigerant R290", "48 g", "70 g", "95 g"),
        ("Weight", "11.2 kg", "14.6 kg", "18.3 kg"),
        ("Height", "48 cm", "56 cm", "63 cm"),
        ("Width x depth", "32 x 22 cm", "36 x 24 cm", "39 x 27 cm"),
        ("Length of lead", "1.8 m", "1.8 m", "2.2 m"),
        ("Works between", "5-32 \u00b0C", "5-35 \u00b0C", "5-35 \u00b0C"),
    ]
    return [
        heading(THEME, "Specifications"),
        grid(THEME, rows, (WIDTH - 270, 90, 90, 90), solid=True),
        note(THEME, "Mains 220-240 V, 50 Hz. Protection class IPX1. Subject to change."),
        heading(THEME, "Wireless module", 2),
        *bullets(
            THEME,
            (
                "Frequency: 2,412 to 2,472 MHz",
                "Transmitting power: at most 18 dBm",
                "Only in DH-30 and DH-40; the DH-20 has none",
            ),
        ),
        heading(THEME, "Declaration", 2),
        body(
            THEME,
            "Kelvane Home Appliances, 9 Foundry Lane, Ostbridge, declares that these appliances conform to the "
            "rules on "
            "radio equipment and ecodesign. Signed on 6 May 2024, Wilma Thackeray, head of product safety.",
        ),
    ]


def make_faults() -> list[Flowable]:
    rows = [
        ("Code", "Meaning", "What to do"),
        ("F1", "Tank full or missing", "Empty it and slide it in again"),
        ("F2", "Humidity sensor broken", "Call service"),
        ("F3", "Coil iced up", "Wait 30 minutes; warm the room above 5 \u00b0C"),
        ("F4", "Filter blocked", "Wash the filter, then hold Fan for 5 seconds"),
        ("F5", "Refrigerant leak", "Pull the plug, air the room, call service"),
        ("F6", "No network", "Move the router closer or repeat the set-up"),
    ]
    phones = [
        ("Country", "Telephone", "Hours"),
        ("United Kingdom", "0808 157 0193", "Mon-Fri 8-18"),
        ("Ireland", "01800 946 221", "Mon-Fri 9-17"),
        ("Netherlands", "0800 555 7712", "Mon-Sat 9-17"),
        ("Malta", "2144 5830", "Mon-Fri 9-13"),
    ]
    return [
        heading(THEME, "Faults and service"),
        grid(THEME, rows, (50, 170, WIDTH - 220), text_columns=3, solid=True),
        heading(THEME, "Service by telephone", 2),
        grid(THEME, phones, (150, 150, WIDTH - 300), text_columns=3, solid=True),
        heading(THEME, "Warranty", 2),
        body(
            THEME,
            "We repair or replace the appliance free of charge for 3 years from the day of purchase, and the "
            "compressor for "
            "7 years. Register within 60 days at www.kelvane.example and the 3 years become 4. Filters and "
            "castors are "
            "excluded. Please have the receipt and the serial number, which begins with KD, at hand.",
        ),
        box(
            THEME,
            [
                body(
                    THEME,
                    "<b>Does it only hum?</b> Below the set humidity the fan runs for 2 minutes every half hour "
                    "to measure "
                    "the air. This is no fault.",
                )
            ],
            WIDTH,
        ),
    ]
