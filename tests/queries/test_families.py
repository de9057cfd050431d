"""What of a positive's family may be a negative; training and export follow the same rule."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from docrerank.queries import find_families, normalise
from docrerank.records import Query

POSITIVE = Query("a/1#1", "a/1", "How many people work in Graz?", "positive", "question", answered_by=("a/4",))
REPHRASED = replace(
    POSITIVE, id="a/1#1/r1", text="staff in Graz", kind="rephrased", source_id="a/1#1", answered_by=("b/2",)
)
NEGATIVE = replace(
    POSITIVE, id="a/1#1/n1", text="How many people work in Lund?", kind="hard_negative", source_id="a/1#1"
)


def negatives(*queries: Query) -> tuple[list[str], Counter[str]]:
    left_out: Counter[str] = Counter()
    families = find_families([POSITIVE, REPHRASED, *queries], left_out)
    return [query.text for family in families.values() for query in family.negatives], left_out


def test_a_family_has_all_that_was_made_from_its_positive() -> None:
    [family] = find_families([NEGATIVE, REPHRASED, POSITIVE]).values()
    assert (family.positive, family.rephrased, family.negatives) == (POSITIVE, [REPHRASED], [NEGATIVE])
    assert family.wordings() == [POSITIVE, REPHRASED]


def test_pages_that_answer_any_wording_are_known() -> None:
    assert find_families([POSITIVE, REPHRASED])["a/1#1"].answering() == {"a/1", "a/4", "b/2"}


def test_the_words_of_a_positive_or_a_rephrasing_of_the_page_are_no_negative() -> None:
    for text in ("how many people  work in graz", "HOW MANY PEOPLE WORK IN GRAZ?", " Staff in Graz. "):
        assert negatives(replace(NEGATIVE, text=text)) == ([], {"its words are a positive of its page": 1})
    assert negatives(NEGATIVE) == ([NEGATIVE.text], {})  # the control


def test_words_of_another_page_s_positive_are_a_negative_here() -> None:
    other = replace(POSITIVE, id="a/2#1", page_id="a/2", text=NEGATIVE.text)
    assert negatives(other, NEGATIVE) == ([NEGATIVE.text], {})


def test_what_its_page_answers_and_what_has_no_positive_is_left_out() -> None:
    answered = replace(NEGATIVE, answered_by=("a/1",))
    lost = replace(NEGATIVE, source_id="a/1#7")
    strayed = replace(NEGATIVE, page_id="a/2")
    found, left_out = negatives(answered, lost, strayed)
    assert found == []
    assert left_out == {"its page answers it": 1, "its positive is not in the run": 2}


@given(st.text(max_size=60))
def test_normalising_twice_is_normalising_once_whatever_case_and_spaces(text: str) -> None:
    assert normalise(f"  {text}  ") == normalise(text)
    assert normalise(f"{text} ?") == normalise(text)
