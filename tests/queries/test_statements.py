from __future__ import annotations

import time

import pytest

from docrerank.queries.statements import read_statements


def facts(text: str, owner: str = "Acme") -> dict[str, tuple[str, dict[str, str]]]:
    return {fact.kind: (fact.answer, dict(fact.parts)) for fact in read_statements(text, owner)}


@pytest.mark.parametrize(
    ("text", "kind", "answer"),
    [
        ("In all, 62% of visitors say they paid by card in 2018.", "percent_of", "62%"),
        ("Net revenue increased by 12% in 2019 to a record.", "changed", "12%"),
        ("We employed 15,706 people worldwide at year end.", "count", "15,706"),
        ("Total operating expenses were $42.5 million in 2019.", "amount", "$42.5 million"),
        ("A covenant is a promise that limits what the borrower may do.", "definition", "a promise"),
        ("The museum was founded in 1982 by two brothers.", "dated", "1982"),
        ("Gross profit declined in 2019, primarily due to higher freight costs.", "cause", "higher freight costs"),
        ("Main products include pumps, valves and fittings for ships.", "includes", "pumps"),
        ("The harbour office manages the berths of all three islands.", "subject_of", "the harbour office"),
        ("To reset the watch, press and hold the upper button.", "how_to", "press and hold"),
        ("If the battery is low, the lamp blinks red twice.", "what_if", "the lamp blinks"),
        ("Maria Lindholm is the Chief Financial Officer of the group.", "who", "Maria Lindholm"),
    ],
)
def test_a_sentence_gives_its_kind_of_fact(text: str, kind: str, answer: str) -> None:
    assert facts(text)[kind][0].startswith(answer)


def test_we_becomes_the_owner() -> None:
    assert facts("Our net revenue increased 12% in 2019.")["changed"][1]["subject"] == "Acme's net revenue"


@pytest.mark.parametrize("text", ["It increased by 12% in 2019.", "These are a kind of promise that binds all."])
def test_a_sentence_whose_subject_points_elsewhere_gives_nothing(text: str) -> None:
    assert facts(text) == {}


@pytest.mark.parametrize("unit", ["a ", "1,", "of 5% of ", "is was ", "A B ", "(", "If a", "$", "in 20", ". A"])
def test_reading_takes_time_linear_in_the_text(unit: str) -> None:
    """A backtracking pattern would take minutes here."""
    started = time.process_time()
    list(read_statements(unit * (200_000 // len(unit)), ""))
    assert time.process_time() - started < 20
