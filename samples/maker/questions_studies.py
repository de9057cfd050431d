"""Questions on the survey report, the slide deck and the research paper."""

from __future__ import annotations

from maker import paper, slides, survey
from maker.questions import CHART, FIGURE, LAYOUT, TABLE, TEXT, Question, asker, miss


def survey_questions() -> list[Question]:
    ask = asker(survey.STEM)
    return [
        ask(
            "What part of commuters took the bike as their main way to work in 2022?",
            "modes",
            "14%",
            "Figure 1|Bicycle|14%",
            CHART,
            miss("year", "What part of commuters took the bike as their main way to work in 2016?", "Bicycle|2016"),
        ),
        ask(
            "By how many percentage points did the train gain between 2020 and 2024 as a means of getting to work?",
            "modes",
            "5",
            "Figure 1|Train|6%|11%",
            CHART,
        ),
        ask(
            "Why do most drivers stay away from buses and trains?",
            "modes",
            "No direct connection (43%)",
            "No direct connection|43%",
            CHART,
            miss(
                "value",
                "Which reason for avoiding public transport was named by 35% of drivers?",
                "Reasons for not using|35%",
            ),
        ),
        ask(
            "Do men or women between 45 and 59 work from home more days, and how many?",
            "home",
            "Men, 2.0 days",
            "45-59|2.0|1.8",
            CHART,
            miss("segment", "How many days a week do women in factory jobs work from home?", "factory"),
        ),
        ask("share of over-sixties who never cycle", "home", "68%", "60 and over|Never|68%", TABLE),
        ask(
            "How happy were rail passengers in 2018?",
            "trend",
            "59%",
            "Train|2018|59%",
            CHART,
            miss("entity", "How happy were ferry passengers in 2018?", "ferry"),
        ),
        ask(
            "In which year did buses overtake trains in passenger satisfaction?",
            "trend",
            "2022",
            "Figure 4|53%|46%|2022",
            f"{CHART}|{TEXT}",
        ),
        ask(
            "In which county were people most often late because of jams?",
            "counties",
            "Kesh (52%)",
            "Kesh|52%",
            CHART,
            miss("region", "What share of commuters in Port Ellery came late last week?", "Port Ellery|late"),
        ),
        ask(
            "How many of the six counties have car chargers at more than a tenth of workplaces?",
            "counties",
            "3",
            "Figure 6|18%|22%|13%",
            CHART,
        ),
        ask(
            "How many of the people who were invited filled in the whole thing?",
            "method",
            "3,150 (35.0%)",
            "Completed it|3,150",
            TABLE,
            miss("metric", "How many invited people refused in writing to take part in the travel survey?", "refused"),
        ),
        ask(
            "Whom do I phone about the commuting data and on what number?",
            "method",
            "Dr Oona Pelletier-Grahn, 0555 318 2204",
            "Pelletier-Grahn|0555 318 2204",
            TEXT,
        ),
        ask(
            "yearly cost of the express bus that is recommended",
            "summary",
            "2.3 million crowns",
            "express bus|2.3 million",
            TEXT,
        ),
    ]


def slides_questions() -> list[Question]:
    ask = asker(slides.STEM)
    return [
        ask(
            "How punctual were pallet deliveries in the last quarter of 2024?",
            "on-time",
            "86.2%",
            "Pallets|Q4 2024|86.2%",
            CHART,
            miss("year", "How punctual were pallet deliveries in the last quarter of 2023?", "Q4 2023"),
        ),
        ask(
            "Which site had most accidents over the summer?",
            "depots",
            "Bexley Wharf (5)",
            "Bexley Wharf|Accidents|5",
            TABLE,
        ),
        ask(
            "How many parcels a day go through Dunsop?",
            "depots",
            "11,600",
            "Dunsop|11,600",
            TABLE,
            miss("entity", "How many parcels a day go through the Fenwick depot?", "Fenwick"),
        ),
        ask(
            "When must the new drivers be found, and who sees to it?",
            "next",
            "7 Nov 2025, D. Okafor-Lindh",
            "Hire 23 drivers|7 Nov 2025|D. Okafor-Lindh",
            TABLE,
        ),
        ask(
            "How long was the sorting machine out of action?",
            "problems",
            "19 hours",
            "Sorter at Bexley Wharf|19 hours",
            LAYOUT,
        ),
        ask(
            "What did handling one parcel cost in spring 2025?",
            "costs",
            "\u00a34.05",
            "Q2 2025|\u00a34.05",
            CHART,
            miss("metric", "What did handling one pallet cost in Q2 2025?", "per pallet"),
        ),
        ask("How many battery vans are still to come?", "highlights", "28", "12 of 40|electric vans", LAYOUT),
        ask(
            "How much more was paid for broken goods than in the quarter before?",
            "problems",
            "\u00a344,000",
            "\u00a3212,000|\u00a3168,000",
            LAYOUT,
        ),
    ]


def paper_questions() -> list[Question]:
    ask = asker(paper.STEM)
    return [
        ask(
            "What recall does the new leak detector get when loggers are 80 m apart?",
            "results",
            "0.91",
            "Table 4|SPARROW|0.91",
            TABLE,
            miss("value", "What recall does SPARROW get when loggers are 500 m apart?", "500 m"),
        ),
        ask(
            "Which baseline is weakest on the thinned-out network, and with which F1?",
            "results",
            "Correlation, 0.58",
            "Table 3|Correlation|0.58",
            TABLE,
        ),
        ask(
            "How many natural leaks were there in the hilly town?",
            "data",
            "15",
            "Farrow Bay|Natural leaks|15",
            TABLE,
            miss("entity", "How many natural leaks were recorded in Haverdale?", "Haverdale"),
        ),
        ask(
            "learning rate and batch size used to train SPARROW",
            "data",
            "0.0004 and 48",
            "Learning rate|0.0004|48",
            TABLE,
            miss("metric", "Which weight decay was used to train SPARROW?", "weight decay"),
        ),
        ask(
            "F1 of the wavelet method after half a day of listening",
            "results",
            "0.71",
            "Wavelet SVM|12|0.71|Figure 2",
            CHART,
        ),
        ask(
            "How far off is the predicted position typically for steel pipes?",
            "results",
            "1.9 m",
            "Steel|1.9",
            TABLE,
            miss("segment", "How far off is the predicted position for concrete pipes?", "concrete"),
        ),
        ask(
            "What does a utility with 40 km of pipes save on loggers?",
            "discussion",
            "about 103,000 euros",
            "103,000 euros",
            TEXT,
        ),
        ask(
            "Which of the authors has a financial interest, and in which company?",
            "discussion",
            "S. Munroe-Diaz, Sonde Acoustics",
            "holds shares in Sonde Acoustics",
            TEXT,
        ),
        ask(
            "How many stages does the flow diagram of the leak finder have?",
            "abstract",
            "4",
            "Figure 1|10 s recordings|Leak probability",
            FIGURE,
        ),
    ]
