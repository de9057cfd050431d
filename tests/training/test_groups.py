from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docrerank.queries import Family
from docrerank.recipe import Train
from docrerank.records import Query
from docrerank.runs import Run, sort_by_hash
from docrerank.training import Group, build_groups, join_families, read_families
from docrerank.training.training_groups import _Draw, choose_wordings

SETTINGS = Train(groups=8)


def build(run: Run, seed: int = 13, **changes: object) -> list[Group]:
    settings = SETTINGS.model_copy(update=changes)
    pages = frozenset(page.id for page in run.pages.read())
    return build_groups(read_families(run, pages), settings, seed)


def test_a_mined_group_has_one_query_and_a_generated_group_one_page(run: Run) -> None:
    for group in (item.group for item in build(run)):
        assert (len(group.queries), len(group.pages)) == ((1, 4) if group.kind == "mined" else (4, 1))


@pytest.mark.parametrize(("share", "mined"), [(0.0, 0), (0.25, 2), (0.5, 4), (1.0, 8)])
def test_arms_of_every_mixture_have_the_same_size(run: Run, share: float, mined: int) -> None:
    groups = build(run, mined_share=share)
    assert len(groups) == 8
    assert sum(item.group.kind == "mined" for item in groups) == mined


def test_the_positive_comes_first_with_its_evidence(run: Run) -> None:
    queries = {query.text: query for query in run.queries.read()}
    for item in build(run):
        positive = queries[item.group.queries[0]]
        assert positive.kind in ("positive", "rephrased")
        assert positive.page_id == item.group.pages[0]
        assert item.evidence
        assert all(queries[text].kind == "hard_negative" for text in item.group.queries[1:])


@pytest.mark.parametrize(("share", "expected"), [(0.0, 0), (0.25, 6), (0.5, 12), (0.75, 18), (1.0, 24)])
def test_the_share_of_rephrased_positives_is_kept(run: Run, share: float, expected: int) -> None:
    kinds = {query.text: query.kind for query in run.queries.read()}
    groups = build(run, rephrased_share=share, groups=24)
    assert len(groups) == 24
    assert sum(kinds[item.group.queries[0]] == "rephrased" for item in groups) == expected


def make_family(place: int, rephrasings: int) -> Family:
    positive = Query(f"a/1#{place}", "a/1", f"question {place}", "positive", "question")
    return Family(positive, [replace(positive, text="in other words", kind="rephrased")] * rephrasings)


@given(st.lists(st.integers(0, 10_000), unique=True, max_size=60), st.integers(1, 60), st.integers(0, 9))
def test_the_families_that_are_held_are_the_first_of_the_whole_draw(places: list[int], most: int, seed: int) -> None:
    draw = _Draw("mined", most, seed)
    for place in places:
        draw.add(make_family(place, 0))
    drawn = sort_by_hash([f"mineda/1#{place}" for place in places], seed)
    assert [f"mined{family.positive.id}" for family in draw.in_order()] == drawn[:most]


def test_of_several_documents_none_gives_more_than_all_others() -> None:
    pages = ["long/1"] * 30 + ["b/1"] * 3 + ["c/1"] * 2
    draw = _Draw("mined", 100, 13)
    for place, page in enumerate(pages):
        family = make_family(place, 0)
        draw.add(replace(family, positive=replace(family.positive, id=f"{page}#{place}", page_id=page)))
    assert Counter(family.positive.page_id for family in draw.in_order()) == {"long/1": 5, "b/1": 3, "c/1": 2}


@given(st.floats(0, 1), st.integers(0, 60))
def test_of_any_first_groups_exactly_the_share_is_rephrased(share: float, count: int) -> None:
    texts = [text for _, text in choose_wordings((make_family(place, 1) for place in range(count)), share)]
    for size in range(1, count + 1):
        rephrased = sum(text == "in other words" for text in texts[:size])
        assert share * size - 1e-6 <= rephrased < share * size + 1


@given(st.floats(0, 1), st.lists(st.integers(0, 2), max_size=40))
def test_positives_without_rephrasings_are_made_up_for(share: float, rephrasings: list[int]) -> None:
    families = [make_family(place, number) for place, number in enumerate(rephrasings)]
    texts = [text for _, text in choose_wordings(families, share)]
    rephrased = sum(text == "in other words" for text in texts)
    assert rephrased < share * len(families) + 1
    if rephrasings and all(rephrasings[len(rephrasings) // 2 :]):  # enough of them at the end
        assert rephrased >= min(share * len(families), len(families) - len(families) // 2) - 1e-6


@pytest.mark.parametrize(("share", "expected"), [(0.6, 60), (0.75, 75), (0.9, 90)])
def test_shares_that_are_no_whole_fraction_are_kept(share: float, expected: int) -> None:
    texts = [text for _, text in choose_wordings([make_family(place, 1) for place in range(100)], share)]
    assert texts.count("in other words") == expected


def test_negatives_are_cut_to_the_number_asked(run: Run) -> None:
    assert {len(item.group.pairs()) for item in build(run, negatives_per_group=1)} == {2}


def test_pages_outside_the_part_are_in_no_group(run: Run) -> None:
    part = frozenset(page.id for page in run.pages.read() if page.document == "acme") - {"acme/2"}
    groups = build_groups(read_families(run, part), SETTINGS, 13)
    assert groups
    assert {page for item in groups for page in item.group.pages} <= part


def test_a_negative_with_the_words_of_a_positive_of_its_page_is_in_no_group(run: Run) -> None:
    """A judge may have missed that the page answers it: the records themselves say so."""
    queries = list(run.queries.read())
    said = next(query for query in queries if query.kind == "rephrased")
    twin = replace(said, id=f"{said.id}/n9", text=f"  {said.text.upper()}?", kind="hard_negative")
    own = next(query for query in queries if query.kind == "hard_negative" and query.page_id != said.page_id)
    answered = replace(own, id=f"{own.id}/n9", text="answered by its own page", answered_by=(own.page_id,))
    elsewhere = replace(own, id=f"{own.id}/n8", text="answered by another page", answered_by=(said.page_id,))
    pages = frozenset(page.id for page in run.pages.read())
    settings = SETTINGS.model_copy(update={"mined_share": 0.0, "groups": 24, "negatives_per_group": 64})
    rows = [*queries, twin, answered, elsewhere]
    groups = build_groups(join_families(rows, [], pages), settings, 13)
    asked = {text for item in groups for text in item.group.queries[1:]}
    assert not {twin.text, answered.text} & asked
    assert elsewhere.text in asked


def test_a_mined_page_that_answers_is_in_no_group(run: Run) -> None:
    mined = next(iter(run.mined.read()))
    pages = frozenset(page.id for page in run.pages.read())
    settings = SETTINGS.model_copy(update={"mined_share": 1.0, "groups": 24, "rephrased_share": 0.0})

    def negatives(*answered_by: str) -> set[str]:
        rows = [replace(q, answered_by=answered_by) if q.id == mined.query_id else q for q in run.queries.read()]
        page = mined.query_id.partition("#")[0]
        families = join_families(rows, run.mined.read(), pages)
        groups = [item.group for item in build_groups(families, settings, 13)]
        return {other for group in groups if group.pages[0] == page for other in group.pages[1:]}

    assert mined.page_id in negatives()
    assert mined.page_id not in negatives(mined.page_id)


def test_negatives_are_drawn_from_all_that_were_mined() -> None:
    """Of ten mined pages any three, not the first three; they keep their order, and the seed decides."""
    families = [make_family(place, 0) for place in range(30)]
    for family in families:
        family.mined = [f"b/{rank}" for rank in range(10)]
    settings = SETTINGS.model_copy(update={"mined_share": 1.0, "groups": 30})
    drawn = [[int(page[2:]) for page in item.group.pages[1:]] for item in build_groups(families, settings, 13)]
    assert all(len(set(ranks)) == 3 and ranks == sorted(ranks) for ranks in drawn)
    assert {rank for ranks in drawn for rank in ranks} == set(range(10))
    assert drawn != [[int(page[2:]) for page in item.group.pages[1:]] for item in build_groups(families, settings, 14)]


def test_groups_follow_from_the_seed(run: Run) -> None:
    assert build(run) == build(run)
    assert build(run) != build(run, seed=14)
