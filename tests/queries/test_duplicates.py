from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from docrerank.queries.duplicates import NearDuplicates, count_terms
from docrerank.retrieval import stem, tokens

WORDS = st.lists(st.sampled_from("alpha beta gamma delta epsilon zeta eta theta iota kappa".split()), min_size=1)


@given(st.lists(WORDS, max_size=12), st.sampled_from([0.5, 0.7, 0.85, 1.0]), st.booleans())
def test_the_index_finds_exactly_what_comparing_all_pairs_finds(
    queries: list[list[str]], threshold: float, counted: bool
) -> None:
    seen, kept = NearDuplicates(threshold, count_terms(map(" ".join, queries)) if counted else None), []
    for words in queries:
        own = frozenset(map(stem, tokens(" ".join(words))))
        expected = any(len(own & other) >= threshold * len(own | other) for other in kept)
        assert bool(seen.find(" ".join(words))) == expected
        if not expected:
            seen.add(" ".join(words))
            kept.append(own)


def test_a_query_is_compared_with_few_others_once_terms_are_counted() -> None:
    texts = [f"administrative expenses of branch {number}" for number in range(300)]
    held = []
    for common in (count_terms(texts), None):
        seen = NearDuplicates(0.85, common)
        for text in texts:
            seen.add(text)
        held.append(max(map(len, seen._holding.values())))
    assert held == [1, 300]  # the control: by length alone all stand under "administrative"
