"""Comparable words: stems, numbers in one form, years, words that mean the same."""

from __future__ import annotations

from docrerank.words.postings import SHIFT, Places, Postings, hash_term, write_postings
from docrerank.words.terms import same_meaning, similarity, stem, terms, tokens, years

__all__ = [
    "SHIFT",
    "Places",
    "Postings",
    "hash_term",
    "same_meaning",
    "similarity",
    "stem",
    "terms",
    "tokens",
    "write_postings",
    "years",
]
