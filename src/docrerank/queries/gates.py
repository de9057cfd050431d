"""Why a query is not worth keeping, before any judge is asked: each gate is one rule with a fixed reason."""

from __future__ import annotations

import re

from docrerank.queries.vocabulary import DANGLING, PAGE_IN_HAND
from docrerank.retrieval import stem, terms, tokens

MIN_TERMS = 2
MAX_WORDS = 45

_POINTERS = re.compile("|".join(rf"\b{re.escape(phrase)}\b" for phrase in PAGE_IN_HAND), re.IGNORECASE)
_ODD = re.compile(r"[^\x20-\x7e\u00a0-\u024f\u2010-\u2027\u20ac$€£]")


def fault(text: str, answer: str, any_script: bool = False) -> str:
    """The reason to reject a query, or an empty string.

    Args:
        text: the query.
        answer: its answer on the page; empty for a hard negative.
        any_script: let scripts other than Latin pass, in which words are not counted; rules write none.

    Examples:
        >>> fault("What does this figure show about sales growth?", "4 %")
        'needs the page in hand'
        >>> fault("By how much did sales grow in 2019?", "4 %")
        ''
    """
    if any_script and sum(map(_is_foreign, text)) > len(text) // 4:
        return "too long" if len(text) > MAX_WORDS * 6 else ""
    words = text.split()
    found = terms(text)
    if len(found) < MIN_TERMS or not any(term[0].isalpha() and len(term) > 2 for term in found):
        return "asks too little"
    if len(words) > MAX_WORDS:
        return "too long"
    if _POINTERS.search(text) or words[-1].strip("?.").lower() in DANGLING:
        return "needs the page in hand"
    if text.count("(") != text.count(")"):
        return "unreadable text"
    if _ODD.search(text) or " -" in text or " – " in text or sum(len(word) == 1 for word in words) > len(words) // 3:
        return "unreadable text"
    if answer and _leaks(text, answer):
        return "holds its own answer"
    return ""


def _is_foreign(character: str) -> bool:
    return character > "\u024f" and character.isalpha()


def _leaks(text: str, answer: str) -> bool:
    """All of a short answer's terms stand in the query."""
    asked = {stem(token) for token in tokens(text)}
    given = [stem(token) for token in tokens(answer) if token not in "%$€£"]
    return 0 < len(given) <= 4 and all(term in asked for term in given)
