"""The inverted index on disk holds what a dictionary would."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from docrerank.retrieval import Postings, hash_term, postings, write_postings

WORDS = st.sampled_from([hash_term(word) for word in "alpha beta gamma delta".split()] + [0, 1, 2**64 - 1])
PAIRS = st.lists(st.lists(st.tuples(WORDS, st.integers(0, 2**64 - 1)), max_size=8), max_size=8)


@settings(max_examples=40, deadline=None)
@given(PAIRS, st.sampled_from([1, 3, 1000]))
def test_every_place_of_every_term_is_found_in_order(
    tmp_path_factory: pytest.TempPathFactory, given: list[list[tuple[int, int]]], at_once: int
) -> None:
    expected: dict[int, list[int]] = defaultdict(list)
    for term, place in (pair for pairs in given for pair in pairs):
        expected[term].append(place)
    tables = (np.array(pairs, np.uint64).reshape(-1, 2) for pairs in given)
    folder = tmp_path_factory.mktemp("postings") / "index"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(postings, "AT_ONCE", at_once)
        write_postings(folder, ((table[:, 0], table[:, 1]) for table in tables))
    index = Postings(folder)
    for term in {*expected, hash_term("nowhere")}:
        assert index.find(term).tolist() == sorted(expected.get(term, []))
    assert not list(folder.glob("bucket*"))


def test_a_term_has_the_same_hash_in_every_process() -> None:
    assert hash_term("sales") == 10448802341297582061
    assert hash_term("\ud800") != hash_term("sales")  # half a surrogate pair, as broken PDFs give it


def test_an_index_of_nothing_holds_nothing(tmp_path: Path) -> None:
    write_postings(tmp_path / "index", [])
    assert Postings(tmp_path / "index").find(7).tolist() == []
