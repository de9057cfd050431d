"""The model-free parts one by one, and the edit between two queries."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pages import lay_out

from docrerank.queries import Rules, find_edit
from docrerank.queries.judge import agree
from docrerank.recipe import Generate
from docrerank.records import Page, Query

PAGES = [
    lay_out(
        """
Annual Report of Harbour Company
Harbour Company and its segments

                    2019   2018   2017
Net sales            420    398    377
Cost of sales        210    199    180
Research expenses     41     39     36
""",
        1,
    ),
    lay_out(
        """
People of Harbour Company
Harbour Company employed 340 people in 2018.

                    2016   2015   2014
Net sales            350    333    320
""",
        2,
    ),
]

WORDS = st.lists(st.sampled_from("net sales of Acme in 2019 2018 were high low the a".split()), max_size=12)


@pytest.fixture(scope="module")
def rules() -> Rules:
    return Rules(PAGES, Generate(negative_candidates=12), 13)


def written(text: str, answer: str, page: Page = PAGES[0], **fields: str) -> Query:
    return Query("q", page.id, text, "positive", "question", answer=answer, writer="model positives/1", **fields)


def test_candidates_are_of_their_page_and_the_same_every_time(rules: Rules) -> None:
    first = list(rules.positives(PAGES[0]))
    assert first
    assert {query.page_id for query in first} == {PAGES[0].id}
    assert first == list(Rules(PAGES, Generate(negative_candidates=12), 13).positives(PAGES[0]))
    assert first != list(Rules(PAGES, Generate(negative_candidates=12), 14).positives(PAGES[0]))


def test_a_query_that_a_model_wrote_gets_single_edits_of_its_spans(rules: Rules) -> None:
    source = written("What were the net sales of Harbour Company in 2019?", "420")
    edits = rules.negatives(source)
    assert 0 < len(edits) <= 12
    for edit in edits:
        assert edit.kind == "hard_negative"
        assert edit.answer == ""
        assert edit.edited in edit.text
        assert source.text.replace(edit.original, edit.edited, 1) == edit.text
    assert {"year"} <= {edit.property for edit in edits}


def test_an_edit_that_the_page_answers_is_told_from_one_that_it_does_not(rules: Rules) -> None:
    source = written("What were the net sales of Harbour Company in 2019?", "420", evidence="Net sales 420 398 377")
    verdicts = {edit.edited: rules.judge(edit) for edit in rules.negatives(source) if edit.property == "year"}
    assert all(agree(own, answerable=False) == (year not in ("2018", "2017")) for year, own in verdicts.items())
    assert {"2018", "2016"} <= set(verdicts)


def test_a_rephrasing_of_a_written_query_keeps_its_numbers(rules: Rules) -> None:
    for query in rules.rephrasings(written("What were the net sales in 2019?", "420")):
        assert "2019" in query.text
        assert query.kind == "rephrased"


def test_a_negative_without_a_named_edit_is_judged_by_all_its_words(rules: Rules) -> None:
    bare = Query("q/n1", PAGES[0].id, "Net sales 420 398 377", "hard_negative", "keywords")
    assert not agree(rules.judge(bare), answerable=False)


def test_other_pages_that_answer_are_named(rules: Rules) -> None:
    assert rules.answering(written("What were the net sales in 2015?", "333")) == (PAGES[1].id,)
    assert rules.answering(written("What were the research expenses in 2015?", "")) == ()


@given(WORDS, WORDS)
def test_putting_the_edit_in_gives_the_edited_query(before: list[str], after: list[str]) -> None:
    original, edited = find_edit(" ".join(before), " ".join(after))
    if before == after:
        assert (original, edited) == ("", "")
        return
    old, new = original.split(), edited.split()
    starts = range(len(before) - len(old) + 1)
    assert any(
        before[:at] + new + before[at + len(old) :] == after for at in starts if before[at : at + len(old)] == old
    )


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_two_texts_have_an_edit(one: str, other: str) -> None:
    original, edited = find_edit(one, other)
    assert set(original.split()) <= set(one.split())
    assert set(edited.split()) <= set(other.split())
