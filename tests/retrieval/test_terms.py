from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from docrerank.retrieval import same_meaning, similarity, stem, terms, years


def test_numbers_are_compared_without_separators_or_trailing_zeros() -> None:
    assert terms("$1,234.50") == ["$", "1234.5"]
    assert stem("1,000") == stem("1000")


def test_years_are_found_in_short_forms_and_ranges() -> None:
    assert years("FY21 and '19") == {"2021", "2019"}
    assert years("from 2015-2018") == {"2015", "2016", "2017", "2018"}
    assert years("2015 to 17") == {"2015", "2016", "2017"}


def test_a_range_that_runs_backwards_names_only_its_ends() -> None:
    assert years("2018-2015") == {"2018", "2015"}


def test_words_of_the_same_meaning_are_found_and_others_are_not() -> None:
    assert ("revenu",) in same_meaning("sales")
    assert ("profit",) not in same_meaning("sales")


@given(st.text(max_size=300))
def test_any_text_is_split_and_is_most_similar_to_itself(text: str) -> None:
    assert similarity(text, text) == 1.0
    assert all(terms(text))
