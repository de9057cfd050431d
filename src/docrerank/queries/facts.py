"""A fact found on a page: what the model-free writer asks about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that a page states.

    Attributes:
        kind: which phrasings fit it (a key of `docrerank.queries.phrasing.PHRASINGS`).
        answer: the words of the page that answer a question about it; empty where the whole passage does.
        evidence: the line, row or sentence of the page that states it.
        parts: the words that fill a phrasing (`row`, `column`, `subject`, ...).
        properties: for parts whose property is known, that property.
    """

    kind: str
    answer: str
    evidence: str
    parts: Mapping[str, str]
    properties: Mapping[str, str] = field(default_factory=dict)
