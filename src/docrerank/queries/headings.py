"""Facts in a page's layout: questions and tasks that headings name, what lists hold, what captions say they show."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from docrerank.pages import Block
from docrerank.queries.facts import Fact
from docrerank.queries.nouns import head_noun, is_plural, lower_title, names_a_thing, plain_name
from docrerank.queries.vocabulary import ASPECTS, BASE_VERBS, DANGLING

_CAPTION = re.compile(
    r"^(?P<label>(?P<kind>Figure|Fig\.|Table|Chart|Exhibit)\s?[A-Z]?\d{1,3}(?:[.\-–]\d{1,3})?)\s?[:.|–-]?\s+(?P<about>[A-Z].{8,180})"
)
_NUMBERING = re.compile(
    r"^(?:(?:chapter|section|part|unit|step|item|note)\s+)?(?:\d{1,2}(?:\.\d{1,2}){0,3}|[IVX]{1,5}|[A-Z])[.):]?\s+",
    re.IGNORECASE,
)
_BULLET = re.compile(r"^(?:[•▪●◦‣–*-]|\(?\d{1,2}[.)]|\(?[a-z][.)])\s+(?=\S)")
_LETTERS = re.compile(r"[A-Za-z]{3}")
_QUESTION = re.compile(r"^(?:What|How|Why|When|Where|Who|Which|Can|Do|Does|Is|Are|Should|Will)\b[^?.!]{12,90}\?$")
_EMPTY_HEADINGS = frozenset(
    """contents table of index references introduction conclusion conclusions abstract summary notes appendix
    overview thank you questions acknowledgements acknowledgments agenda""".split()
) | {"table of contents", "thank you", "executive summary"}

#: Words under a heading from which there is something to answer with.
MIN_ANSWER_WORDS = 15


def read_captions(blocks: Sequence[Block]) -> Iterator[Fact]:
    """Yield which figure or table shows what its caption says."""
    for block in blocks:
        words = " ".join(block.text.split())
        if match := _CAPTION.match(words):
            about = _first_sentence(match["about"])
            cut = match.end() < len(words) and about == match["about"].strip(" .")
            about = lower_title(plain_name(about))
            kind = "table" if match["kind"] == "Table" else "figure"
            if not cut and len(about.split()) >= 3 and names_a_thing(about):
                yield Fact("caption", match["label"], match.group()[:200], {"about": about, "kind": kind})


def read_headings(blocks: Sequence[Block]) -> Iterator[Fact]:
    """Yield the questions, tasks and lists that headings name, where text follows them."""
    for block, following in pairwise(blocks):
        if not block.is_heading or block.is_tabular or following.is_heading:
            continue
        if topic := clean_heading(block.text):
            yield from _points(topic, following)
            if len(following.text.split()) >= MIN_ANSWER_WORDS:
                yield from _named(topic, following.text)


def clean_heading(text: str) -> str:
    """A heading without its number; empty if it names no topic of its own."""
    words = _NUMBERING.sub("", " ".join(text.split())).strip(" .:–-•")
    count = len(words.split())
    if not 2 <= count <= 14 or not _LETTERS.search(words) or words.lower() in _EMPTY_HEADINGS:
        return ""
    if words.split()[0].lower() in DANGLING - {"what", "when", "where", "which", "who"} or words.count(
        " "
    ) < words.count("|"):
        return ""
    return "" if sum(c.isdigit() for c in words) > len(words) // 3 else words


def base_verb(gerund: str) -> str:
    """`rejecting` is `reject`, `setting` is `set`; empty if the verb is not known.

    Examples:
        >>> base_verb("Managing"), base_verb("Setting"), base_verb("Building"), base_verb("Morning")
        ('manage', 'set', 'build', '')
    """
    stem = gerund.lower().removesuffix("ing")
    forms = (stem, stem + "e", stem[:-1]) if gerund.lower().endswith("ing") else ()
    return next((form for form in forms if form in BASE_VERBS), "")


def _named(topic: str, text: str) -> Iterator[Fact]:
    """A question, a task (`Wearing the watch`) or an aspect (`Benefits of membership`) that the text below answers."""
    evidence = " ".join(text.split())[:200]
    first, _, rest = topic.partition(" ")
    up = " up" if rest.lower().startswith("up ") else ""
    if _QUESTION.match(topic):
        yield Fact("asked", evidence, evidence, {"question": _down_title(topic).rstrip("?")})
    elif (verb := base_verb(first)) and names_a_thing(rest[len(up) :].strip()):
        yield Fact("task", evidence, evidence, {"goal": f"{verb}{up} {lower_title(rest[len(up) :].strip())}"})
    elif head_noun(topic) in ASPECTS and names_a_thing(topic) and len(topic.split()) <= 8:
        yield Fact(
            "aspect", evidence, evidence, {"topic": lower_title(topic), "be": "are" if is_plural(topic) else "is"}
        )


def _points(topic: str, block: Block) -> Iterator[Fact]:
    """How many of what a heading in the plural names its list has, and which."""
    items = [line.text.strip() for line in block.lines if _BULLET.match(line.text.strip())]
    first, _, rest = topic.partition(" ")
    if 3 <= len(items) <= 12 and is_plural(topic) and names_a_thing(topic) and not base_verb(first) and rest:
        answer = "; ".join(_BULLET.sub("", item)[:60] for item in items)
        for kind, told in (("points", answer), ("points_count", f"{len(items)}: {answer}")):
            yield Fact(kind, told, items[0][:200], {"topic": lower_title(topic)})


def _first_sentence(text: str) -> str:
    return re.split(r"(?<=[a-z)])\. ", text, maxsplit=1)[0].strip(" .")


def _down_title(question: str) -> str:
    """A question in Title Case as it is asked."""
    first, _, rest = question.partition(" ")
    return f"{first} {lower_title(rest)}".replace(" i ", " I ")
