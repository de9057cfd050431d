"""Comparable words: stems, numbers in one form, years, words that mean the same."""

from __future__ import annotations

from docrerank.words.terms import same_meaning, similarity, stem, terms, tokens, years

__all__ = ["same_meaning", "similarity", "stem", "terms", "tokens", "years"]
