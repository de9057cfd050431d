"""Positives in other words, meaning kept: another phrasing of the same fact, or other words of the same meaning."""

from __future__ import annotations

import random

from docrerank.queries.phrasing import Draft, phrase
from docrerank.queries.vocabulary import WORDING


def rephrase(draft: Draft, owner: str, section: str, rng: random.Random) -> list[str]:
    """Up to two rephrasings of a draft: its structure changed, then its wording as well.

    Examples:
        >>> from docrerank.queries.facts import Fact
        >>> fact = Fact("percent_of", "62%", "", {"rest": "customers pay by card", "time": ""})
        >>> draft = Draft("What percentage of customers pay by card?", "question", fact, ())
        >>> all(text != draft.text for text in rephrase(draft, "", "", random.Random(0)))
        True
    """
    other = phrase(draft.fact, owner, section, rng, other_than=draft.text)
    texts = [exchange_words(draft.text, rng)]
    if other is not None:
        texts.insert(0, exchange_words(other.text, rng))
    low = draft.text.lower()
    return [text for text in dict.fromkeys(texts) if text.lower() != low]


def exchange_words(text: str, rng: random.Random) -> str:
    """Exchange up to two openings or words for others of the same meaning."""
    exchanged = 0
    for row in WORDING:
        for word in row:
            at = _find(text, word)
            if at >= 0 and exchanged < 2 and (at == 0 or word[0].islower()):
                other = rng.choice([option for option in row if option != word])
                other = other[0].upper() + other[1:] if text[at].isupper() else other
                text = text[:at] + other + text[at + len(word) :]
                exchanged += 1
                break
    return text


def _find(text: str, word: str) -> int:
    """Where a whole word or phrase stands in a text, whatever its capitals; -1 if it does not."""
    low, wanted, at = text.lower(), word.lower(), -1
    while (at := low.find(wanted, at + 1)) >= 0:
        before, after = low[at - 1 : at], low[at + len(wanted) : at + len(wanted) + 1]
        if not before.isalnum() and not after.isalnum():
            return at
    return -1
