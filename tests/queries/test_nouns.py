from __future__ import annotations

import pytest

from docrerank.queries.nouns import is_measure, is_plural, lower_title, names_a_thing, plain_name, with_article


@pytest.mark.parametrize(
    "words",
    [
        "and loans(c) 395 Market comparables Price",
        "Total",
        "0.76 0.68 0.72 Steel",
        "Notes to the accounts",
        "indicate by check mark",
        "Forfeited",
        "the second item",
        "income tax expense/",
        "Residential capacity, by sq ft",
        "total pledged assets do not",
    ],
)
def test_fragments_name_nothing(words: str) -> None:
    assert not names_a_thing(words)


@pytest.mark.parametrize("words", ["Net cash provided by operating activities", "the Doppler effect", "a covenant"])
def test_noun_phrases_name_a_thing(words: str) -> None:
    assert names_a_thing(words)


def test_a_measure_is_known_by_its_head() -> None:
    assert is_measure("Net cash provided by operating activities")
    assert is_measure("Goodwill and other intangible assets, net")
    assert not is_measure("Central America")


def test_one_and_several_are_told_apart() -> None:
    assert is_plural("total assets of discontinued operations")
    assert not is_plural("cost of sales")
    assert not is_plural("sales process")


def test_countable_measures_take_an_article() -> None:
    assert with_article("effective tax rate") == "the effective tax rate"
    assert with_article("net income") == "net income"
    assert with_article("Acme's share of losses") == "Acme's share of losses"


def test_title_case_goes_and_names_stay() -> None:
    assert lower_title("Net Interest Income") == "net interest income"
    assert lower_title("Huawei Cloud shared model") == "Huawei Cloud shared model"


def test_note_marks_and_asides_go() -> None:
    assert plain_name("Deposits(a) (in millions)") == "Deposits"
    assert plain_name("401(k) contributions") == "401(k) contributions"
