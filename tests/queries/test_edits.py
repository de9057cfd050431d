from __future__ import annotations

import random
import re

from docrerank.queries.edits import Edit, candidate_edits, choose
from docrerank.queries.facts import Fact
from docrerank.queries.phrasing import Draft
from docrerank.queries.pools import Pools
from docrerank.queries.slots import Slot, find_slots
from docrerank.recipe import Generate


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


def test_a_property_that_has_had_its_share_waits_until_there_is_no_other() -> None:
    edits = [make_edit("year", "a"), make_edit("unit", "b")]
    used = {"year": 20, "metric": 10, "unit": 5}
    assert [edit.edited for edit in choose(edits, 2, used)] == ["b"]
    assert [edit.edited for edit in choose(edits[:1], 2, used)] == ["a"]


def test_years_keep_their_order() -> None:
    fact = Fact("rose", "1 to 2", "x", {"row": "net sales"})
    text = "Did net sales go up from 2015 to 2016?"
    draft = Draft(text, "question", fact, tuple(find_slots(text, {})))
    pools = Pools([])
    edits = candidate_edits(draft, pools, Generate(), random.Random(0))
    years = [tuple(map(int, re.findall(r"20\d\d", edit.text))) for edit in edits]
    assert years
    assert all(first < last for first, last in years)
