from __future__ import annotations

from docrerank.queries.edits import Edit, choose
from docrerank.queries.slots import Slot


def make_edit(property_: str, word: str) -> Edit:
    return Edit(Slot(property_, "old", 0, property_), word, f"{word} was what?")


def test_every_property_is_edited_once_before_any_is_edited_twice() -> None:
    edits = [make_edit("metric", "a"), make_edit("metric", "b"), make_edit("year", "c"), make_edit("metric", "d")]
    assert [edit.edited for edit in choose(edits, 2, {})] == ["a", "c"]


def test_properties_that_the_document_has_had_least_of_come_first() -> None:
    edits = [make_edit("metric", "a"), make_edit("entity", "b"), make_edit("year", "c")]
    assert [edit.edited for edit in choose(edits, 2, {"metric": 9, "entity": 2, "year": 4})] == ["b", "c"]


def test_all_are_kept_where_there_are_fewer_than_wanted() -> None:
    edits = [make_edit("metric", "a"), make_edit("metric", "b")]
    assert choose(edits, 3, {"metric": 5}) == edits
