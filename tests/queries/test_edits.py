from __future__ import annotations

import random
import re

from docrerank.queries.edit_words import Pools
from docrerank.queries.editable_spans import find_slots
from docrerank.queries.edits import candidate_edits
from docrerank.queries.facts import Fact
from docrerank.queries.near_words import NearWords
from docrerank.queries.phrasing import Draft
from docrerank.recipe import Generate


def test_years_keep_their_order() -> None:
    fact = Fact("rose", "1 to 2", "x", {"row": "net sales"})
    text = "Did net sales go up from 2015 to 2016?"
    draft = Draft(text, "question", fact, tuple(find_slots(text, {})))
    edits = candidate_edits(draft, Pools([]), NearWords([]), Generate(), random.Random(0))
    years = [tuple(map(int, re.findall(r"20\d\d", edit.text))) for edit in edits]
    assert years
    assert all(first < last for first, last in years)


def test_a_range_stays_a_range() -> None:
    text = "How many adults aged 18 to 29 own a phone?"
    draft = Draft(text, "question", Fact("count", "x", "x", {}), tuple(find_slots(text, {})))
    edits = candidate_edits(draft, Pools([]), NearWords([]), Generate(negative_candidates=40), random.Random(0))
    bounds = [tuple(map(int, re.findall(r"\d+", edit.text))) for edit in edits]
    assert bounds
    assert all(first < last for first, last in bounds)
