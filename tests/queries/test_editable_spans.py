from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from docrerank.queries.editable_spans import find_slots
from docrerank.records import PROPERTIES


def test_years_regions_metrics_and_names_are_typed() -> None:
    text = "What was the operating income of Acme Tools in Germany in 2019?"
    found = {(slot.property, slot.text) for slot in find_slots(text, {})}
    assert {("metric", "operating income"), ("entity", "Acme Tools"), ("region", "Germany"), ("year", "2019")} <= found


def test_the_opening_word_of_a_question_is_no_name() -> None:
    assert not [slot for slot in find_slots("Which pages are blank?", {}) if slot.property == "entity"]


def test_words_that_the_writer_knows_keep_their_property() -> None:
    slots = find_slots("What was widget output in 2019?", {"widget output": ("metric", "row")})
    assert [(slot.property, slot.text) for slot in slots] == [("metric", "widget output"), ("year", "2019")]


@given(st.text(max_size=300))
def test_every_slot_stands_where_it_says_and_has_a_known_property(text: str) -> None:
    for slot in find_slots(text, {}):
        assert text[slot.start : slot.end()] == slot.text
        assert slot.property in PROPERTIES


def test_a_word_alone_in_brackets_is_no_slot() -> None:
    """ "Increase (decrease) in cash" names both: with (increase) it would be the same question."""
    assert "comparison" not in {
        slot.property for slot in find_slots("What was the change (decrease) in cash in 2019?", {})
    }
    assert "comparison" in {slot.property for slot in find_slots("What was the decrease in cash in 2019?", {})}
