from __future__ import annotations

import random

from docrerank.queries.facts import Fact
from docrerank.queries.phrasing import phrase
from docrerank.queries.rephrase import exchange_words, rephrase


def test_a_rephrasing_differs_and_keeps_the_named_things() -> None:
    parts = {"row": "net sales", "the row": "net sales", "year": "2019", "be": "were", "when": "", "unit": ""}
    fact = Fact("cell_year", "42", "Net sales 42", parts)
    for seed in range(30):
        draft = phrase(fact, "Acme", "", random.Random(seed))
        assert draft is not None
        for text in rephrase(draft, "Acme", "", random.Random(seed)):
            assert text.lower() != draft.text.lower()
            assert "2019" in text


def test_whole_words_only_are_exchanged() -> None:
    assert exchange_words("companywide rules", random.Random(0)) == "companywide rules"
