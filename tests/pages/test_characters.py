from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from docrerank.pages.characters import is_garbled, mend, split_words, tidy

ANYTHING = st.text(alphabet=st.characters(codec=None, exclude_categories=()), max_size=200)
TRICKY = st.text(alphabet="ab \n\r\t-\u00ad\ufffe\u0002\u00a0\u2028\ufb01\u200b\ud800\x00A1", max_size=60)


@given(ANYTHING | TRICKY)
@settings(max_examples=300, deadline=None)
def test_normalising_twice_is_normalising_once(text: str) -> None:
    assert tidy(tidy(text)) == tidy(text)


@given(ANYTHING | TRICKY)
@settings(max_examples=300, deadline=None)
def test_words_of_the_text_are_the_words_with_positions(text: str) -> None:
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    tokens = split_words(codes)
    assert tokens.text().split() == tokens.words
    assert len(tokens.first) == len(tokens.last) == len(tokens.line) == len(tokens.words)
    assert (tokens.first <= tokens.last).all()
    assert (np.diff(tokens.line) >= 0).all()
    tokens.text().encode("utf-8")


@given(st.text(alphabet=st.characters(codec="ascii", categories=("L", "N", "P", "Zs")), max_size=200))
@settings(deadline=None)
def test_plain_text_splits_as_python_splits_it(text: str) -> None:
    assert tidy(text).split() == text.split()


def test_a_line_break_hyphen_joins_the_word_and_moves_the_line_end_behind_it() -> None:
    assert tidy("still strug\ufffegle with\r\nmore") == "still struggle\nwith\nmore\n"
    assert tidy("still strug\u00ad\r\ngle with") == "still struggle\nwith\n"


def test_a_soft_hyphen_inside_a_line_vanishes() -> None:
    assert tidy("strug\u00adgle") == "struggle\n"


@pytest.mark.parametrize(
    ("broken", "whole"),
    [("self\ufffeservice", "self-service"), ("XML\ufffebased", "XML-based"), ("Com\ufffeputing", "Computing"),
     ("P\ufffe24", "P-24"), ("AB\ufffeSTRACTION", "ABSTRACTION"), ("four-in\ufffeten", "four-in-ten")],
)  # fmt: skip
def test_a_hyphen_that_belongs_to_the_word_is_kept(broken: str, whole: str) -> None:
    assert mend(broken) == whole


def test_the_last_character_of_a_broken_word_is_the_last_on_its_first_line() -> None:
    tokens = split_words(np.array([ord(c) for c in "ab\ufffecd ef"], dtype=np.uint32))
    assert tokens.words == ["abcd", "ef"]
    assert tokens.first.tolist() == [0, 6]
    assert tokens.last.tolist() == [1, 7]


def test_invisible_and_control_characters_and_lone_surrogates_vanish() -> None:
    assert tidy("a\x00b\u200bc\ud800d\ufeff e\u2003f\u202fg") == "abcd e f g\n"


def test_ligatures_become_letters() -> None:
    assert tidy("ef\ufb01cient") == "efficient\n"


def test_private_use_text_is_garbled_and_bullets_are_not() -> None:
    assert is_garbled("\ue000\ue001\ue002 \ue003")
    assert not is_garbled("\uf0b7 Levels of study\n\uf0b7 Graduate")


def test_a_fonts_own_codes_are_garbled_and_tables_and_other_scripts_are_not() -> None:
    prose = "The company sold more tools in the second year than it had in the first one. " * 5
    shifted = "".join(chr(ord(letter) - 29) if letter.isalpha() else letter for letter in prose)
    assert is_garbled(shifted)
    assert not is_garbled(prose)
    assert not is_garbled("Net sales 1,234 (56) 7% FY21 vs. Q2\n" * 20)
    assert not is_garbled("売上高 は 増加 した " * 20)


def test_time_is_linear_even_where_every_word_is_broken() -> None:
    seconds = {}
    for size in (20_000, 200_000):
        text = "ab\ufffecd " * size
        started = time.process_time()
        tidy(text)
        seconds[size] = time.process_time() - started
    assert seconds[200_000] < 25 * max(seconds[20_000], 0.01)
