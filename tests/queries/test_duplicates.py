from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from docrerank.queries.duplicates import NearDuplicates
from docrerank.words import stem, tokens

WORDS = st.lists(st.sampled_from("alpha beta gamma delta epsilon zeta eta theta iota kappa".split()), min_size=1)


@given(st.lists(WORDS, max_size=12), st.sampled_from([0.5, 0.7, 0.85, 1.0]))
def test_the_index_finds_exactly_what_comparing_all_pairs_finds(queries: list[list[str]], threshold: float) -> None:
    seen, kept = NearDuplicates(threshold), []
    for words in queries:
        own = frozenset(map(stem, tokens(" ".join(words))))
        expected = any(len(own & other) >= threshold * len(own | other) for other in kept)
        assert bool(seen.find(" ".join(words))) == expected
        if not expected:
            seen.add(" ".join(words))
            kept.append(own)
