from __future__ import annotations

import random

import pytest

from docrerank.evaluation.probe.shortcut import check_shortcuts, describe
from docrerank.records import Query, UserError

TOPICS = ("sales", "costs", "staff", "energy", "rent", "travel", "tax", "freight")


def make(telling: bool) -> list[Query]:
    """Positives and hard negatives of twenty pages; the negatives of a telling set all ask for a forecast."""
    rng, queries = random.Random(3), []
    for number in range(20):
        page = f"d{number % 4}/{number}"
        for serial in range(2):
            topic, year = rng.choice(TOPICS), rng.randint(1990, 2020)
            text = f"What were {topic} in {year}?"
            source = f"{page}#{serial}"
            queries.append(Query(source, page, text, "positive", "question", answer="4"))
            other = f"What is the forecast of {topic} for {year}?" if telling else f"What were {topic} in {year - 1}?"
            queries.append(Query(f"{source}/n1", page, other, "hard_negative", "question", source, property="year"))
    return queries


def test_wording_that_gives_the_label_away_is_seen() -> None:
    found = check_shortcuts(make(telling=True))
    assert found.words.value > 0.95
    assert found.template.value > 0.95
    assert (found.positives, found.negatives, found.held_out) == (40, 40, "document")


def test_edits_that_leave_the_form_alone_are_near_chance() -> None:
    found = check_shortcuts(make(telling=False))
    assert found.template.low <= 0.5 <= found.template.high
    assert found.words.value < 0.65


def test_too_few_queries_are_told() -> None:
    with pytest.raises(UserError, match="ten positives and ten hard negatives"):
        check_shortcuts(make(telling=True)[:12])


def test_a_template_holds_no_word_of_the_topic() -> None:
    first, second = (
        Query("a#1", "a/1", f"What were {topic} in 2001?", "positive", "question") for topic in TOPICS[2:4]
    )
    kinds = [{key for key in describe(query) if not key.startswith("slots")} for query in (first, second)]
    assert kinds[0] == kinds[1]
