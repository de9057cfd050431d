"""Facts to queries: several phrasings for each kind of fact, as people ask and not as pages write."""

from __future__ import annotations

import random
from dataclasses import dataclass

from docrerank.queries.facts import Fact
from docrerank.queries.slots import Slot, find_slots
from docrerank.records.query import Form

#: Phrasings per kind of fact and form. `{owner}` is the document's subject, empty if it is not known.
PHRASINGS: dict[str, dict[Form, tuple[str, ...]]] = {
    "cell_year": {
        "question": (
            "What was {row} in {year}?",
            "What was {owner's} {row} in {year}?",
            "How much was {row} in {year}?",
            "What was the value of {row} reported for {year}?",
            "In {year}, what did {row} come to?",
        ),
        "keywords": ("{owner} {row} {year}", "{row} {year}"),
        "request": ("Give me the {year} figure for {row}.", "Find {owner's} {row} for {year}."),
    },
    "member_year": {
        "question": (
            "In {title}, what is the value for {row} in {year}?",
            "How much of {title} came from {row} in {year}?",
            "What does {title} show for {row} in {year}?",
        ),
        "keywords": ("{title} {row} {year}", "{owner} {title} {row} {year}"),
        "request": ("Look up {row} in {year} under {title}.",),
    },
    "cell": {
        "question": (
            "What is the {measure} of {member}?",
            "What is the {measure} for {member}?",
            "How much is the {measure} of {member}?",
        ),
        "keywords": ("{member} {measure}", "{owner} {member} {measure}"),
        "request": ("Give me the {measure} of {member}.",),
    },
    "share": {
        "question": (
            "What percentage is given for {member} under {measure}?",
            "What is the percentage of {measure} for {member}?",
            "What percentage of {member} is {measure}?",
        ),
        "keywords": ("{member} {measure} percentage",),
        "request": ("Give me the percentage for {measure} among {member}.",),
    },
    "cell_change": {
        "question": (
            "How did {row} change between {first} and {last}?",
            "How much higher or lower was {row} in {last} than in {first}?",
            "What is the difference in {row} between {first} and {last}?",
            "By what percentage did {owner's} {row} change from {first} to {last}?",
        ),
        "keywords": ("{owner} {row} {first} vs {last}", "change in {row} {first} {last}"),
        "request": ("Compare {row} in {first} with {last}.",),
    },
    "extreme": {
        "question": (
            "Which has the highest {column}: {choices}?",
            "Which of {choices} had the largest value for {column}?",
        ),
        "keywords": ("{choices} highest {column}",),
        "request": ("Tell me whether {choices} was largest for {column}.",),
    },
    "label": {
        "question": (
            "What is the {label} of {owner}?",
            "What is the {label}?",
            "What {label} is given for {section}?",
        ),
        "keywords": ("{owner} {label}", "{section} {label}"),
        "request": ("Find the {label} for {section}.",),
    },
    "percent_of": {
        "question": (
            "What percentage of {rest}?",
            "What percentage of {rest}{time}?",
            "What's the share of {rest}?",
            "How many percent of {rest}?",
        ),
        "keywords": ("percentage of {rest}", "share of {rest}{time}"),
        "request": ("Give me the percentage of {rest}.",),
    },
    "changed": {
        "question": (
            "By how much did {subject} {verb}{time}?",
            "How much did {subject} {verb}{time}?",
            "By what amount did {subject} {verb}{time}?",
        ),
        "keywords": ("{subject} {verb}{time}",),
        "request": ("Tell me how much {subject} {verb}{time} in the report.",),
    },
    "count": {
        "question": (
            "How many {noun} {clause}{time}?",
            "How many {noun} {clause}?",
            "What number of {noun} {clause}{time}?",
        ),
        "keywords": ("number of {noun}{time}",),
        "request": ("Tell me how many {noun} {clause}{time}.",),
    },
    "amount": {
        "question": ("What {be} {subject}{time}?", "How much {be} {subject}{time}?"),
        "keywords": ("{subject}{time}",),
        "request": ("Give me {subject}{time}.",),
    },
    "definition": {
        "question": ("What is {subject}?", "What is meant by {subject}?", "How is {subject} defined?"),
        "keywords": ("{subject} definition", "meaning of {subject}"),
        "request": ("Explain {subject}.",),
    },
    "dated": {
        "question": (
            "When {be} {subject} {verb}?",
            "In which year {be} {subject} {verb}?",
            "On what date {be} {subject} {verb}?",
        ),
        "keywords": ("date {subject} {verb}",),
        "request": ("Tell me when {subject} {be} {verb}.",),
    },
    "cause": {
        "question": (
            "Why did {subject} {verb}{time}?",
            "What made {subject} {verb}{time}?",
            "What was the main reason that made {subject} {verb}{time}?",
        ),
        "keywords": ("reason {subject} {verb}{time}",),
        "request": ("Explain why {subject} did {verb}{time}.",),
    },
    "includes": {
        "question": ("What {do} {subject} {verb}?", "Which items {do} {subject} {verb}?"),
        "keywords": ("{subject} {verb}",),
        "request": ("List what {subject} {verb}.",),
    },
    "subject_of": {
        "question": ("What {predicate}?",),
        "keywords": ("{gist}",),
        "request": ("Tell me what {predicate}.",),
    },
    "how_to": {
        "question": ("How do I {goal}?", "What do I have to do to {goal}?", "What steps are needed to {goal}?"),
        "keywords": ("{goal}", "how to {goal}"),
        "request": ("Explain how to {goal}.",),
    },
    "what_if": {
        "question": ("What should I do if {condition}?", "What happens if {condition}?"),
        "keywords": ("{condition}",),
        "request": ("Tell me what to do if {condition}.",),
    },
    "what_when": {
        "question": ("What happens when {condition}?", "What will happen when {condition}?"),
        "keywords": ("{condition}",),
        "request": ("Tell me what happens when {condition}.",),
    },
    "who": {
        "question": ("Who is the {role}?", "Who is {owner's} {role}?"),
        "keywords": ("{owner} {role}",),
        "request": ("Give me the name of the {role}.",),
    },
    "caption": {
        "question": (
            "What does the data show about {about}?",
            "What are the results for {about}?",
            "What are the findings on {about}?",
        ),
        "keywords": ("{about}", "{owner} {about}"),
        "request": ("Show me the chart or table about {about}.", "Find the results on {about}."),
    },
    "topic": {
        "question": (
            "What does the report say about {topic}?",
            "What information is there on {topic}?",
            "What is said about {topic}?",
        ),
        "keywords": ("{topic}", "{owner} {topic}"),
        "request": ("Find the part about {topic}.", "Summarise {topic}."),
    },
    "points": {
        "question": (
            "How many points are listed under {topic}?",
            "What are the points made about {topic}?",
            "Which items are listed for {topic}?",
        ),
        "keywords": ("list of {topic}",),
        "request": ("List the points about {topic}.",),
    },
}

#: The part of a fact that its query is about, where the reader knows no better property for it than what is asked.
_ABOUT = {
    "percent_of": "rest", "changed": "subject", "count": "noun", "amount": "subject", "definition": "subject",
    "dated": "subject", "cause": "subject", "includes": "subject", "subject_of": "predicate",
    "how_to": "goal", "what_if": "condition",
    "what_when": "condition", "who": "role", "caption": "about", "topic": "topic", "points": "topic",
}  # fmt: skip

#: Kinds of fact whose part of that name is a number's name; elsewhere it is the subject.
_MEASURED = ("percent_of", "changed", "count", "amount")

#: Parts of different facts that may stand for each other.
_ROLES = {"measure": "row", "about": "topic", "column": "row"}

#: How often each form is asked: people mostly ask questions.
_FORMS: tuple[tuple[Form, float], ...] = (("question", 0.7), ("keywords", 0.2), ("request", 0.1))


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
    words = {**fact.parts, "owner": owner, "owner's": _possessive(owner), "section": section or owner}
    forms = rng.choices([form for form, _ in _FORMS], [weight for _, weight in _FORMS], k=3)
    for form in (*forms, "question"):
        options = [option for option in PHRASINGS[fact.kind][form] if _fits(option, words)]
        rng.shuffle(options)
        for option in options:
            text = _tidy(option.format_map(words), form)
            if text != other_than:
                return Draft(text, form, fact, tuple(find_slots(text, _known(fact))))
    return None


def _known(fact: Fact) -> dict[str, tuple[str, str]]:
    """The fact's parts that an edit can exchange: their words, property, and role."""
    about = _ABOUT.get(fact.kind)
    name = "metric" if fact.kind in _MEASURED else "subject"
    roles = {**({about: name} if about else {}), **fact.properties}
    return {fact.parts[role]: (name, _ROLES.get(role, role)) for role, name in roles.items() if fact.parts[role]}


def _fits(option: str, words: dict[str, str]) -> bool:
    """Every word that the phrasing names is there (a missing time is no lack)."""
    return all(value or name == "time" for name, value in words.items() if "{" + name + "}" in option)


def _tidy(text: str, form: Form) -> str:
    text = " ".join(text.split()).replace(" ?", "?").replace(" .", ".").replace("the the ", "the ")
    return text.rstrip("?. ") if form == "keywords" else text[:1].upper() + text[1:]


def _possessive(owner: str) -> str:
    return owner and owner + ("'" if owner.endswith("s") else "'s")
