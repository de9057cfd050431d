"""Hard before easy, all properties before any twice, near-duplicates once, the same every time."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from docrerank.generation.choose_negatives import choose_negatives
from docrerank.records import Query

SOURCE = Query("a/1#1", "a/1", "What were the net sales of Acme in Germany in 2019?", "positive", "question")


def negative(text: str, name: str) -> Query:
    return Query("", "a/1", text, "hard_negative", "question", property=name)


YEARS = [negative(SOURCE.text.replace("2019", str(year)), "year") for year in (2001, 2002, 2003, 2004)]
REGION = negative(SOURCE.text.replace("Germany", "France"), "region")
FAR = negative("How many people did Acme employ at its Oslo plant in 2019?", "metric")


def test_every_property_comes_once_before_any_twice() -> None:
    chosen = choose_negatives(SOURCE, [*YEARS, REGION, FAR], 3)
    assert {query.property for query in chosen} == {"year", "region", "metric"}


def test_the_closest_come_first() -> None:
    near, far = YEARS[0], negative("What was the year of the merger of Acme, 2002 or 2003?", "year")
    assert choose_negatives(SOURCE, [far, near], 1) == [near]


def test_properties_that_were_edited_least_come_first() -> None:
    assert choose_negatives(SOURCE, [*YEARS, REGION], 1, {"year": 2}) == [REGION]
    assert choose_negatives(SOURCE, [*YEARS, REGION], 1, {"region": 2}) == [YEARS[0]]


def test_a_property_that_has_had_its_share_waits_until_there_is_no_other() -> None:
    used = {"year": 20, "metric": 10, "region": 5}
    assert choose_negatives(SOURCE, [*YEARS, REGION], 3, used) == [REGION]
    assert choose_negatives(SOURCE, YEARS, 3, used) == YEARS[:1]


def test_near_duplicates_count_once() -> None:
    twin = negative(REGION.text.rstrip("?"), "region")
    assert len(choose_negatives(SOURCE, [REGION, twin], 3)) == 1


def test_fewer_survivors_are_all_kept_and_none_is_none() -> None:
    assert len(choose_negatives(SOURCE, YEARS[:2], 3)) == 2
    assert choose_negatives(SOURCE, [], 3) == []


@given(st.randoms(), st.integers(0, 8))
def test_as_many_are_chosen_as_are_wanted_whatever_their_order(rng: random.Random, count: int) -> None:
    candidates = rng.sample([*YEARS, REGION, FAR], 6)
    chosen = choose_negatives(SOURCE, candidates, count)
    assert len(chosen) == min(count, len(candidates))
    assert set(chosen) <= set(candidates)
    assert len({query.property for query in chosen}) == min(count, 3)
