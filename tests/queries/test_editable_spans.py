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


def test_a_listed_name_counts_only_as_it_is_written() -> None:
    assert not [slot for slot in find_slots("Can I unlock the phone with my palm?", {}) if slot.property == "entity"]
    assert [slot.text for slot in find_slots("How accurate is PaLM on arithmetic?", {})][:1] == ["PaLM"]


def test_a_name_that_goes_on_after_a_dot_is_not_split() -> None:
    slots = find_slots("What was Amazon.Com's total debt in 2019?", {})
    assert "Amazon" not in {slot.text for slot in slots}


def test_a_weighted_average_is_no_median() -> None:
    text = "What was the number of diluted weighted average common shares?"
    assert "average" not in {slot.text for slot in find_slots(text, {})}
