"""Facts to queries: several phrasings for each kind of fact, as people ask and not as pages write."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources

import yaml

from docrerank.queries.company_name import call_by_name
from docrerank.queries.editable_spans import Slot, find_slots
from docrerank.queries.facts import Fact
from docrerank.queries.grammar import possessive
from docrerank.queries.nouns import head_noun
from docrerank.queries.vocabulary import COUNTABLE
from docrerank.records.query import Form

#: Phrasings per kind of fact and form.
PHRASINGS: dict[str, dict[Form, list[str]]] = yaml.load(
    resources.files("docrerank.queries").joinpath("phrasings.yaml").read_bytes(), Loader=yaml.CSafeLoader
)

#: The part of a fact that its query is about, where the reader knows no better property for it than what is asked.
_ABOUT = {
    kind: part
    for part, kinds in {
        "rest": "percent_of",
        "subject": "changed amount definition dated cause why where by_whom use includes",
        "noun": "count",
        "action": "can must among",
        "topic": "points_count aspect points",
        "goal": "how_to task",
        "condition": "do_if what_if what_when",
        "role": "who",
        "about": "caption",
    }.items()
    for kind in kinds.split()
}

#: Kinds of fact whose part of that name is a number's name; elsewhere it is the subject.
_MEASURED = ("percent_of", "changed", "count", "amount")

#: Kinds of fact whose question is answered whichever way it is put.
_EITHER_WAY = ("rose", "versus", "higher", "top", "peak", "cell_change", "cell_percent")

#: Parts of different facts that may stand for each other.
_ROLES = {"bare": "measure", "column": "measure", "one": "versus", "other": "versus"}

#: How often each form is asked: people mostly ask questions.
_FORMS: tuple[tuple[Form, float], ...] = (("question", 0.86), ("keywords", 0.08), ("request", 0.06))


@dataclass(frozen=True, slots=True)
class Draft:
    """A query before it is judged, with the spans that an edit can change."""

    text: str
    form: Form
    fact: Fact
    slots: tuple[Slot, ...]


def phrase(fact: Fact, owner: str, section: str, rng: random.Random, other_than: str = "") -> Draft | None:
    """Ask about a fact in one of its phrasings.

    Args:
        fact: what to ask about.
        owner: the document's subject (a company, a title), or empty.
        section: the heading over the fact, or empty.
        rng: decides form and phrasing.
        other_than: a phrasing's text that must not come out again.
    """
    named = call_by_name(owner)
    words = {**fact.parts, "owner": named, "owner's": named and possessive(named), "section": section or named}
    words["object"] = "me" if fact.parts.get("subject") == "I" else fact.parts.get("subject", "")
    words["higher"] = "the higher" if head_noun(fact.parts.get("column", "")) in COUNTABLE else "higher"
    words["Be"] = fact.parts.get("be", "").capitalize()
    forms = rng.choices([form for form, _ in _FORMS], [weight for _, weight in _FORMS], k=3)
    for form in (*forms, "question"):
        options = [option for option in PHRASINGS[fact.kind].get(form, []) if _fits(option, words)]
        rng.shuffle(options)
        for option in options:
            text = _tidy(option.format_map(words), form)
            if text != other_than:
                return Draft(text, form, fact, tuple(_editable(find_slots(text, _known(fact, named)), text, fact)))
    return None


def _editable(slots: list[Slot], text: str, fact: Fact) -> Iterator[Slot]:
    """Slots whose exchange gives another question: not a word that stands twice, nor the direction of a yes or no."""
    for slot in slots:
        if (
            text.count(slot.text) == 1
            and not text[: slot.start].endswith("-")
            and text[slot.end() :][:1] not in ("-", "'", "’")
            and not (slot.property == "comparison" and fact.kind in _EITHER_WAY)
        ):
            yield slot


def _known(fact: Fact, owner: str) -> dict[str, tuple[str, str]]:
    """The fact's parts that an edit can exchange: their words, property, and role; and the document's subject."""
    about = _ABOUT.get(fact.kind)
    name = "metric" if fact.kind in _MEASURED else "subject"
    roles = {**({about: name} if about else {}), **fact.properties}
    known = {fact.parts[role]: (name, _role(role, fact)) for role, name in roles.items() if fact.parts[role]}
    return {possessive(owner): ("entity", "entity"), owner: ("entity", "entity"), **known} if owner else known


def _role(role: str, fact: Fact) -> str:
    """What may take a part's place: another member of the same measure, another thing that is counted."""
    if role == "member":
        return f"member {fact.parts.get('bare') or fact.parts['measure']}"
    return "counted" if fact.kind in ("count_year", "cell_count") else _ROLES.get(role, role)


def _fits(option: str, words: dict[str, str]) -> bool:
    """Every word that the phrasing names is there (a missing time is no lack)."""
    return all(value or name == "time" for name, value in words.items() if "{" + name + "}" in option)


def _tidy(text: str, form: Form) -> str:
    text = " ".join(text.split()).replace(" ?", "?").replace(" .", ".").replace("the the ", "the ").replace(".?", "?")
    return text.rstrip("?. ") if form == "keywords" else text[:1].upper() + text[1:]
