"""Where a hard negative differs from its positive: pieces that are the same, taken out, or put in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from docrerank.records import Query

#: Signs at a word's end that are no part of an edit.
MARKS = "?.,;:!"


@dataclass(frozen=True, slots=True)
class Piece:
    """Words of a query: `same` as in the positive, `del` (taken out of it) or `ins` (put in).

    Attributes:
        kind: which of the three.
        text: the words.
        space: whether a space stands before them.
    """

    kind: Literal["same", "del", "ins"]
    text: str
    space: bool = False


def mark_edit(positive: Query, negative: Query) -> list[Piece]:
    """A hard negative's text with its one edit marked, whole words at a time.

    Examples:
        >>> one = Query("a/1#1", "a/1", "Sales in 2019?", "positive", "question")
        >>> two = Query("a/1#1/n1", "a/1", "Sales in 2020?", "hard_negative", "question")
        >>> [(piece.kind, piece.text) for piece in mark_edit(one, two)]
        [('same', 'Sales in'), ('del', '2019'), ('ins', '2020'), ('same', '?')]
    """
    return [piece for piece in _compare(positive.text, negative.text) if piece.text]


def _compare(before: str, after: str) -> Iterator[Piece]:
    """The words before and after the one difference are the same; what is between was exchanged."""
    old, new = _split(before), _split(after)
    shortest = min(len(old), len(new))
    head = next((at for at in range(shortest) if old[at] != new[at]), shortest)
    tail = next((at for at in range(shortest - head) if old[-1 - at] != new[-1 - at]), shortest - head)
    yield _join("same", new[:head])
    yield _join("del", old[head : len(old) - tail])
    yield _join("ins", new[head : len(new) - tail])
    yield _join("same", new[len(new) - tail :])


def _split(text: str) -> list[str]:
    """Words, each with the space before it, and the marks after them."""
    tokens: list[str] = []
    for word in text.split():
        core = word.rstrip(MARKS)
        tokens += [token for token in (f" {core}" if core else "", word[len(core) :]) if token]
    return tokens


def _join(kind: Literal["same", "del", "ins"], tokens: list[str]) -> Piece:
    text = "".join(tokens)
    return Piece(kind, text.strip(), text.startswith(" "))
