"""What a question of the benchmark is, and a near miss of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

TABLE = "Table"
CHART = "Chart"
FIGURE = "Figure"
TEXT = "Pure-text (Plain-text)"
LAYOUT = "Generalized-text (Layout)"


@dataclass(frozen=True)
class NearMiss:
    """A question that no page of the document answers; `changed` is year, entity, metric, segment, region or value.

    `absent`: strings of which no page of the document has all.
    """

    changed: str
    text: str
    absent: tuple[str, ...]


@dataclass(frozen=True)
class Question:
    """`pages` are names of sheets; `quotes` are strings that stand together on these pages and on no others."""

    document: str
    text: str
    pages: tuple[str, ...]
    answer: str
    quotes: tuple[str, ...]
    evidence: tuple[str, ...]
    near: tuple[NearMiss, ...]


def asker(document: str) -> Callable[..., Question]:
    """A function that makes questions of one document; its pages, quotes and evidence are joined by "|"."""

    def ask(text: str, pages: str, answer: str, quotes: str, evidence: str, *near: NearMiss) -> Question:
        return Question(document, text, _split(pages), answer, _split(quotes), _split(evidence), near)

    return ask


def miss(changed: str, text: str, absent: str) -> NearMiss:
    return NearMiss(changed, text, _split(absent))


def _split(text: str) -> tuple[str, ...]:
    return tuple(text.split("|"))
