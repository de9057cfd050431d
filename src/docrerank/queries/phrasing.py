"""Facts to queries: several phrasings for each kind of fact, as people ask and not as pages write."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from docrerank.queries.facts import Fact
from docrerank.queries.grammar import possessive
from docrerank.queries.nouns import head_noun, names_a_thing
from docrerank.queries.slots import Slot, find_slots
from docrerank.queries.vocabulary import COUNTABLE
from docrerank.records.query import Form

#: Phrasings per kind of fact and form. `{owner's}` is the document's subject, empty if it is not known.
PHRASINGS: dict[str, dict[Form, tuple[str, ...]]] = {
    "cell_year": {
        "question": (
            "What {be} {the row} in {year}?",
            "What {be} {owner's} {row} in {year}?",
            "What {be} {owner's} {row} for {when}?",
            "What {be} {the row} for {when}?",
            "What {be} {the row} for {when}, in {unit}?",
            "What {be} {owner's} {row} in {year}, in {unit}?",
            "How many {unit} {be} {owner's} {row} in {year}?",
        ),
        "keywords": ("{owner} {row} {year}",),
        "request": ("Find {owner's} {row} for {year}.",),
    },
    "group_year": {
        "question": (
            "What {be} {the row} of {group} in {year}?",
            "What {be} {the row} for {group} in {year}?",
            "What {be} {the row} of {group} for {when}?",
        ),
        "keywords": ("{group} {row} {year}",),
        "request": ("Find {the row} of {group} for {year}.",),
    },
    "member_year": {
        "question": (
            "What {be} {measure} for {member} in {year}?",
            "What {be} {owner's} {measure} for {member} in {year}?",
        ),
        "keywords": ("{member} {measure} {year}",),
        "request": ("Find {measure} for {member} in {year}.",),
    },
    "cell": {
        "question": ("What {be} {measure} of {member}?", "What {be} {measure} for {member}?"),
        "keywords": ("{member} {bare}",),
        "request": ("Give me {measure} of {member}.",),
    },
    "count_year": {
        "question": ("How many {row} were there in {year}?", "How many {row} did {owner} have in {year}?"),
        "keywords": ("{owner} number of {row} {year}",),
        "request": ("Tell me the number of {row} in {year}.",),
    },
    "cell_count": {
        "question": ("How many {bare} are there in {member}?", "How many {bare} are given for {member}?"),
        "keywords": ("{member} number of {bare}",),
        "request": ("Tell me the number of {bare} in {member}.",),
    },
    "share": {
        "question": (
            "What percentage of {member} is given for {measure}?",
            "What is the percentage of {member} for {measure}?",
        ),
        "keywords": ("{member} {measure} percentage",),
        "request": ("Give me the percentage of {member} for {measure}.",),
    },
    "cell_change": {
        "question": (
            "How did {the row} change between {first} and {last}?",
            "How much did {owner's} {row} change from {first} to {last}?",
            "By how many {unit} did {the row} change from {first} to {last}?",
            "What is the difference in {the row} between {first} and {last}?",
            "By what percentage did {owner's} {row} change from {first} to {last}?",
        ),
        "keywords": ("change in {row} {first} to {last}",),
        "request": ("Compare {owner's} {row} in {first} and {last}.",),
    },
    "rose": {
        "question": (
            "Did {owner's} {row} rise or fall between {first} and {last}?",
            "{Be} {the row} higher in {last} than in {first}?",
            "Did {the row} go up from {first} to {last}?",
        ),
        "keywords": (),
        "request": (),
    },
    "peak": {
        "question": (
            "In which year between {first} and {last} {be} {the row} highest?",
            "In what year {be} {owner's} {row} the highest, looking at {first} to {last}?",
        ),
        "keywords": (),
        "request": (),
    },
    "year_of": {
        "question": ("In which year {be} {the row} {amount}?", "In what year {be} {owner's} {row} {amount}?"),
        "keywords": (),
        "request": ("Tell me in which year {the row} {be} {amount}.",),
    },
    "versus": {
        "question": (
            "Which was higher in {year}, {one} or {other}?",
            "Did {owner} have higher {one} or {other} in {year}?",
        ),
        "keywords": (),
        "request": ("Compare {one} with {other} in {year}.",),
    },
    "top": {
        "question": ("Which {kind} has the highest {column}?", "What {kind} has the highest {column}?"),
        "keywords": ("{kind} with highest {column}",),
        "request": ("Name the {kind} with the highest {column}.",),
    },
    "higher": {
        "question": ("Which has {higher} {column}, {one} or {other}?", "{Be} {column} higher for {one} or for {other}?"),
        "keywords": (),
        "request": ("Compare the {column} of {one} and {other}.",),
    },
    "label": {
        "question": ("What is the {label} of {owner}?", "What is the {label} for {section}?"),
        "keywords": ("{owner} {label}", "{section} {label}"),
        "request": ("Find the {label} for {section}.",),
    },
    "percent_of": {
        "question": (
            "What percentage of {rest}?",
            "What percentage of {rest}{time}?",
            "What share of {rest}?",
            "What proportion of {rest}{time}?",
        ),
        "keywords": (),
        "request": (),
    },
    "changed": {
        "question": ("By how much did {subject} {verb}{time}?", "How much did {subject} {verb}{time}?"),
        "keywords": (),
        "request": ("Tell me how much {subject} {verbed}{time}.",),
    },
    "what_changed": {
        "question": ("What {verb} by {amount}{time}?",),
        "keywords": (),
        "request": (),
    },
    "count": {
        "question": ("How many {noun} {clause}{time}?", "How many {noun} {clause}?"),
        "keywords": (),
        "request": ("Tell me how many {noun} {clause}{time}.",),
    },
    "amount": {
        "question": ("What {be} {subject}{time}?", "How much {be} {subject}{time}?"),
        "keywords": ("{subject}{time}",),
        "request": ("Give me {subject}{time}.",),
    },
    "definition": {
        "question": ("What {be} {subject}?", "What is meant by {subject}?", "How {be} {subject} defined?"),
        "keywords": ("{subject} definition",),
        "request": ("Explain what {subject} {be}.",),
    },
    "dated": {
        "question": ("When {be} {subject} {verb}?", "In which year {be} {subject} {verb}?"),
        "keywords": (),
        "request": ("Tell me when {subject} {be} {verb}.",),
    },
    "cause": {
        "question": (
            "Why did {subject} {verb}{time}?",
            "What made {subject} {verb}{time}?",
            "What was the main reason that {subject} {verbed}{time}?",
        ),
        "keywords": (),
        "request": ("Explain why {subject} {verbed}{time}.",),
    },
    "includes": {
        "question": ("What {do} {subject} {verb}?",),
        "keywords": (),
        "request": ("List what {subject} {verbs}.",),
    },
    "subject_of": {"question": ("What {predicate}?",), "keywords": (), "request": ("Tell me what {predicate}.",)},
    "how_to": {
        "question": ("How do I {goal}?", "What do I have to do to {goal}?", "How can I {goal}?"),
        "keywords": ("how to {goal}",),
        "request": ("Explain how to {goal}.",),
    },
    "task": {
        "question": ("How do I {goal}?", "How can I {goal}?", "What do I need to do to {goal}?"),
        "keywords": ("how to {goal}",),
        "request": ("Explain how to {goal}.",),
    },
    "asked": {"question": ("{question}?",), "keywords": (), "request": ()},
    "do_if": {
        "question": ("What should I do if {condition}?", "What do I have to do when {condition}?"),
        "keywords": (),
        "request": ("Tell me what to do if {condition}.",),
    },
    "what_if": {
        "question": ("What happens if {condition}?", "What will happen if {condition}?"),
        "keywords": (),
        "request": ("Tell me what happens if {condition}.",),
    },
    "what_when": {
        "question": ("What happens when {condition}?", "What will happen when {condition}?"),
        "keywords": (),
        "request": ("Tell me what happens when {condition}.",),
    },
    "why": {
        "question": ("Why {aux} {subject} {predicate}?", "For what reason {aux} {subject} {predicate}?"),
        "keywords": (),
        "request": ("Explain why {subject} {aux} {predicate}.",),
    },
    "where": {
        "question": ("Where {aux} {subject} {verb}?", "In what place {aux} {subject} {verb}?"),
        "keywords": (),
        "request": ("Tell me where {subject} {aux} {verb}.",),
    },
    "by_whom": {
        "question": ("Who {verb} {subject}?", "By whom was {subject} {verb}?"),
        "keywords": (),
        "request": ("Tell me who {verb} {subject}.",),
    },
    "use": {
        "question": ("What {aux} {subject} {verb} for?", "What is the purpose of {subject}?"),
        "keywords": ("purpose of {subject}",),
        "request": ("Explain what {subject} {aux} {verb} for.",),
    },
    "can": {
        "question": ("Can {subject} {action}?", "Is it possible for {object} to {action}?"),
        "keywords": (),
        "request": (),
    },
    "must": {
        "question": ("Must {subject} {action}?", "Is it necessary for {object} to {action}?"),
        "keywords": (),
        "request": (),
    },
    "among": {
        "question": ("Among {group}, what percentage {action}?", "What share of {group} {action}?"),
        "keywords": (),
        "request": (),
    },
    "who": {
        "question": ("Who is the {role}?", "Who is {owner's} {role}?"),
        "keywords": ("{owner} {role}",),
        "request": ("Give me the name of the {role}.",),
    },
    "caption": {
        "question": ("Which {kind} shows {about}?", "In which {kind} can I find {about}?"),
        "keywords": ("{kind} of {about}",),
        "request": ("Show me the {kind} on {about}.",),
    },
    "aspect": {
        "question": ("What {be} the {topic}?", "Which {topic} are named?"),
        "keywords": ("{owner} {topic}",),
        "request": ("List the {topic}.",),
    },
    "points": {
        "question": ("How many {topic} are listed?", "What are the {topic}?", "Which {topic} are listed?"),
        "keywords": ("list of {topic}",),
        "request": ("List the {topic}.",),
    },
}

#: The part of a fact that its query is about, where the reader knows no better property for it than what is asked.
_ABOUT = {
    "percent_of": "rest", "changed": "subject", "count": "noun", "amount": "subject", "definition": "subject",
    "dated": "subject", "cause": "subject", "why": "subject", "where": "subject", "by_whom": "subject", "use": "subject", "can": "action",
    "must": "action", "among": "action", "includes": "subject", "how_to": "goal", "task": "goal", "do_if": "condition",
    "what_if": "condition", "what_when": "condition", "who": "role", "caption": "about", "aspect": "topic", "points": "topic",
}  # fmt: skip

#: Kinds of fact whose part of that name is a number's name; elsewhere it is the subject.
_MEASURED = ("percent_of", "changed", "count", "amount")

#: Kinds of fact whose question is answered whichever way it is put.
_EITHER_WAY = ("rose", "versus", "higher", "top", "peak", "cell_change")

#: Parts of different facts that may stand for each other.
_ROLES = {"bare": "measure", "column": "measure", "one": "row", "other": "row"}

#: How often each form is asked: people mostly ask questions.
_FORMS: tuple[tuple[Form, float], ...] = (("question", 0.86), ("keywords", 0.08), ("request", 0.06))
#: A document's subject of more words is a title: it owns nothing.
MAX_OWNER_WORDS = 4


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
    named = owner if len(owner.split()) <= MAX_OWNER_WORDS and names_a_thing(owner) else ""
    words = {**fact.parts, "owner": named, "owner's": named and possessive(named), "section": section or named}
    words["object"] = "me" if fact.parts.get("subject") == "I" else fact.parts.get("subject", "")
    words["higher"] = "the higher" if head_noun(fact.parts.get("column", "")) in COUNTABLE else "higher"
    words["Be"] = fact.parts.get("be", "").capitalize()
    forms = rng.choices([form for form, _ in _FORMS], [weight for _, weight in _FORMS], k=3)
    for form in (*forms, "question"):
        options = [option for option in PHRASINGS[fact.kind][form] if _fits(option, words)]
        rng.shuffle(options)
        for option in options:
            text = _tidy(option.format_map(words), form)
            if text != other_than:
                return Draft(text, form, fact, tuple(_editable(find_slots(text, _known(fact, named)), text, fact)))
    return None


def _editable(slots: list[Slot], text: str, fact: Fact) -> Iterator[Slot]:
    """Slots whose exchange gives another question: not a word that stands twice, nor the direction of a yes or no."""
    for slot in slots:
        if text.count(slot.text) == 1 and not (slot.property == "comparison" and fact.kind in _EITHER_WAY):
            yield slot


def _known(fact: Fact, owner: str) -> dict[str, tuple[str, str]]:
    """The fact's parts that an edit can exchange: their words, property, and role; and the document's subject."""
    about = _ABOUT.get(fact.kind)
    name = "metric" if fact.kind in _MEASURED else "subject"
    roles = {**({about: name} if about else {}), **fact.properties}
    known = {fact.parts[role]: (name, _ROLES.get(role, role)) for role, name in roles.items() if fact.parts[role]}
    return {owner: ("entity", "entity"), **known} if owner else known


def _fits(option: str, words: dict[str, str]) -> bool:
    """Every word that the phrasing names is there (a missing time is no lack)."""
    return all(value or name == "time" for name, value in words.items() if "{" + name + "}" in option)


def _tidy(text: str, form: Form) -> str:
    text = " ".join(text.split()).replace(" ?", "?").replace(" .", ".").replace("the the ", "the ")
    return text.rstrip("?. ") if form == "keywords" else text[:1].upper() + text[1:]
