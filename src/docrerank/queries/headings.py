"""Facts in a page's layout: what its headings and captions are about, and how many points a list has."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence

from docrerank.pages import Block
from docrerank.queries.facts import Fact
from docrerank.queries.vocabulary import DANGLING

_CAPTION = re.compile(
    r"^(?:Figure|Fig\.|Table|Chart|Exhibit|Graph)\s?[A-Z]?\d{1,3}(?:[.\-–]\d{1,3})?\s?[:.|–-]?\s+(?P<about>[A-Z].{12,180})"
)
_NUMBERING = re.compile(
    r"^(?:(?:chapter|section|part|unit|step|item|note)\s+)?(?:\d{1,2}(?:\.\d{1,2}){0,3}|[IVX]{1,5}|[A-Z])[.):]?\s+",
    re.IGNORECASE,
)
_BULLET = re.compile(r"^(?:[•▪●◦‣–*-]|\(?\d{1,2}[.)]|\(?[a-z][.)])\s+\S")
_LETTERS = re.compile(r"[A-Za-z]{3}")
_EMPTY_HEADINGS = frozenset(
    """contents table of index references introduction conclusion conclusions abstract summary notes appendix
    overview thank you questions acknowledgements acknowledgments agenda""".split()
) | {"table of contents", "thank you", "executive summary"}


def read_captions(blocks: Sequence[Block]) -> Iterator[Fact]:
    """Yield what each figure's or table's caption says it shows."""
    for block in blocks:
        words = " ".join(block.text.split())
        if match := _CAPTION.match(words):
            about = _first_sentence(match["about"])
            cut = match.end() < len(words) and about == match["about"].strip(" .")
            if 3 <= len(about.split()) <= 22 and not cut:
                yield Fact("caption", "", match.group()[:200], {"about": _sentence_case(about)})


def read_headings(blocks: Sequence[Block]) -> Iterator[Fact]:
    """Yield the topics that headings name, and the number of points listed under them."""
    for block, following in itertools.zip_longest(blocks, blocks[1:]):
        if not block.is_heading or block.is_tabular:
            continue
        topic = clean_heading(block.text)
        if topic:
            yield Fact("topic", "", " ".join(block.text.split())[:200], {"topic": _sentence_case(topic)})
            yield from _points(topic, following)


def clean_heading(text: str) -> str:
    """A heading without its number; empty if it names no topic of its own."""
    words = _NUMBERING.sub("", " ".join(text.split())).strip(" .:–-•")
    count = len(words.split())
    if not 2 <= count <= 14 or not _LETTERS.search(words) or words.lower() in _EMPTY_HEADINGS:
        return ""
    if words.split()[0].lower() in DANGLING or sum(c.isdigit() for c in words) > len(words) // 3:
        return ""
    return words


def _points(topic: str, block: Block | None) -> Iterator[Fact]:
    if block is None:
        return
    items = [line.text.strip() for line in block.lines if _BULLET.match(line.text.strip())]
    if 3 <= len(items) <= 12:
        answer = "; ".join(_BULLET_MARK.sub("", item)[:60] for item in items)
        yield Fact("points", answer, items[0][:200], {"topic": _sentence_case(topic)})


_BULLET_MARK = re.compile(r"^(?:[•▪●◦‣–*-]|\(?\d{1,2}[.)]|\(?[a-z][.)])\s+")


def _first_sentence(text: str) -> str:
    return re.split(r"(?<=[a-z)])\. ", text, maxsplit=1)[0].strip(" .")


def _sentence_case(text: str) -> str:
    """Title Case or CAPITALS as they stand inside a question; names and short capitals stay."""
    words = text.split()
    if text.isupper():
        return text.lower()
    capitals = sum(word[:1].isupper() for word in words)
    if len(words) > 3 and capitals > 0.7 * len(words):
        return " ".join(_down(word) for word in words)
    return _down(words[0]) + text[len(words[0]) :] if len(words) > 1 and words[1][:1].islower() else text


def _down(word: str) -> str:
    return word.lower() if word[1:].islower() or len(word) == 1 else word
