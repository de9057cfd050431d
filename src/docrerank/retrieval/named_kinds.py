"""The kinds of page and sections that a question asks for: "the balance sheet", "quick ratio", "chapter on cats"."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

import yaml

from docrerank.retrieval.terms import plain

#: What a kind counts: named outright, or by a ratio that no page says in words; by a row, of which other pages speak
#: too, and only if nothing else is named; by a section's common word.
NAMED, ROW, SECTION = 1.0, 0.5, 0.6
MAX_CHARACTERS = 10_000
FRONT = "cover"
_BESIDE = "section|sections|part|chapter|page|pages|slide"
_SECTION = re.compile(
    rf"\b(?:in|from|of|on|under|see|per|within) (?:the|its|their|this) ((?:[a-z&]+ ){{1,3}}?)"
    rf"(?:(?:{_BESIDE})\b|(?=$|of the (?:paper|report|document)|what|how|which|who))|\b([a-z]+) (?:{_BESIDE})\b"
)
_PART = "(?:section|chapter|unit|lesson)"
_NUMBERING = re.compile(r"(?:(?:item|note|appendix|part|section|chapter|unit) )?(?:\d{1,2}[a-c]? |[ivx]{1,4} )*")
_THING = r"(?:paper|report|document|presentation|slides?|deck|book|brochure|guide|handbook|manual|filing|study)"
_FRONT = re.compile(
    r"\bon the (?:front )?cover\b|\b(?:cover|title|front) ?page\b|\bfront cover\b|"
    r"\bcover (?:of|image|photo|picture|slide)\b|"
    rf"\b(?:title|authors?|publisher|publication date|date) of (?:this|the) {_THING}\b|"
    rf"\bwho (?:wrote|authored|published|is the author of) (?:this|the) {_THING}\b|"
    rf"\bwhen (?:was|were) (?:this|the) {_THING} (?:published|released|issued)\b"
)


def find_kinds(query: str) -> dict[str, tuple[float, str]]:
    """The kinds of page that a question asks for: how surely each, from 0 to 1, and by which of its words.

    Examples:
        >>> find_kinds("What is Acme's quick ratio for FY2020?")
        {'balance sheet': (1.0, 'quick ratio')}
        >>> find_kinds("Who is on the board?")
        {}
    """
    text = f" {_singular(plain(query[:MAX_CHARACTERS]))} "
    found = dict(_list_named(text, _names("kinds"), NAMED))
    for kind, row in _list_named(text, _names("ratios"), NAMED):
        found.setdefault(kind, row)
    if not found:
        found = dict(_list_named(text, _names("lines"), ROW))
    for name, kind in _list_sections(plain(query[:MAX_CHARACTERS])):
        found.setdefault(kind, (SECTION, name))
    if match := _FRONT.search(plain(query[:MAX_CHARACTERS])):
        found.setdefault(FRONT, (SECTION, match[0]))
    return found


def find_sections(query: str, headings: Collection[str]) -> list[str]:
    """Those headings, as `strip_heading` has them, that a question names as a section; of one in another the longer.

    Examples:
        >>> find_sections("Who is cited in the Related Work section?", ["work", "related work"])
        ['related work']
    """
    text = plain(query[:MAX_CHARACTERS])
    if not re.search(rf"\b{_PART}\b", text):
        return []
    found = [heading for heading in headings if len(heading) > 3 and heading in text and _is_section(text, heading)]
    return [each for each in found if not any(each != other and each in other for other in found)]


@lru_cache(maxsize=10_000)
def strip_heading(heading: str) -> str:
    """A heading in plain words without its number."""
    return _NUMBERING.sub("", f"{plain(heading)} ", count=1).strip()


def _is_section(text: str, heading: str) -> bool:
    """Whether a heading stands before or after "section"; one word alone after it could be anything."""
    joint = "(?:on|about|called|titled|entitled|named) (?:the )?" + ("|(?:the )?" if " " in heading else "")
    return re.search(rf"\b{_PART} (?:{joint}){heading}\b|\b{heading} {_PART}\b", text) is not None


def _list_named(
    text: str, names: dict[str, tuple[str, ...]], weight: float
) -> Iterator[tuple[str, tuple[float, str]]]:
    """The kinds of the names that stand in a question, a name inside a longer one aside."""
    held = [name for name in names if f" {name} " in text]
    for name in held:
        if not any(name != other and f" {name} " in f" {other} " for other in held):
            yield from ((kind, (weight, name)) for kind in names[name])


def _list_sections(text: str) -> Iterator[tuple[str, str]]:
    names = _names("sections")
    for match in _SECTION.finditer(text):
        name = (match[1] or match[2]).strip()
        yield from ((name, kind) for kind in names.get(_singular(name), ()))


@cache
def _names(part: str) -> dict[str, tuple[str, ...]]:
    """Every name of a part of the table, and its kinds."""
    table: dict[str, Any] = _read_table()[part]
    rows = (
        [(row["names"], row["pages"]) for row in table]
        if isinstance(table, list)
        else [(names, [kind]) for kind, names in table.items()]
    )
    return {_singular(plain(name)): tuple(kinds) for names, kinds in rows for name in names}


@cache
def _read_table() -> dict[str, Any]:
    text = files("docrerank.retrieval").joinpath("asked_kinds.yaml").read_text("utf-8")
    table: dict[str, Any] = yaml.safe_load(text)
    return table


def _singular(text: str) -> str:
    return " ".join(
        word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word
        for word in text.split()
    )
