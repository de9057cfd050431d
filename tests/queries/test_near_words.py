from __future__ import annotations

import random

import pytest

from docrerank.queries.editable_spans import Slot
from docrerank.queries.near_words import MAX_NEIGHBOURS, NearWords

TEXT = """The storage duration and the storage class of an object. A minimum storage duration of 30 days; the minimum
storage class is standard. Files of any storage class. Each class has the duration of its own. The storage keeps files,
and storage keeps growing. The logical reasoning and numerical reasoning of models."""


def find(text: str, role: str = "subject") -> dict[str, list[str]]:
    """What each word of a slot may give way to."""
    near = NearWords([TEXT, TEXT])
    slot = Slot("subject", text, 16, role)
    return {own.text: list(others) for own, others in near.find_slots(slot, random.Random(1))}


def test_a_word_gives_way_to_one_that_stands_between_the_same_words() -> None:
    assert find("minimum storage duration") == {"duration": ["class"]}


def test_an_adjective_gives_way_to_one_with_the_same_ending() -> None:
    assert find("logical reasoning") == {"logical": ["numerical"]}


@pytest.mark.parametrize("text", ["storage keeps", "duration", "Storage Duration", "storage-duration", ""])
def test_verbs_names_and_single_words_stay(text: str) -> None:
    assert find(text) == {}


def test_labels_of_tables_give_way_to_whole_labels_alone() -> None:
    assert find("minimum storage duration", role="row") == {}


def test_a_words_slot_begins_where_the_word_stands_in_the_query() -> None:
    query = "What is meant by minimum storage duration?"
    slot = Slot("subject", "minimum storage duration", query.index("minimum"), "subject")
    [(own, _)] = NearWords([TEXT, TEXT]).find_slots(slot, random.Random(1))
    assert query[own.start : own.end()] == own.text == "duration"


def test_of_very_many_neighbours_the_first_are_kept() -> None:
    letters = "abcdefghijklmnopqrstuvwxyz"
    followers = [f"x{one}{two}{three}" for one in letters for two in letters for three in letters[:2]]
    near = NearWords(["; ".join(f"storage {word}" for word in followers)])
    assert len(followers) > 3 * MAX_NEIGHBOURS
    assert len(near._after["storage"]) == MAX_NEIGHBOURS
