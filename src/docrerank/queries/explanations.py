"""Facts in prose about what, when, why, who and how: definitions, dates, causes, contents, procedures, people.

Every pattern is anchored or bounded, and a sentence has a bounded length: reading costs time linear in the page.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from docrerank.queries.amounts import VERBS
from docrerank.queries.facts import Fact
from docrerank.queries.grammar import (
    find_subject,
    find_time,
    is_whole,
    names_its_subject,
    pointing,
    second_person,
    trim,
)
from docrerank.queries.headings import base_verb
from docrerank.queries.nouns import is_plural
from docrerank.queries.vocabulary import ARTICLES, BASE_VERBS, DANGLING

_DEFINITION = re.compile(
    r"^(?P<s>[A-Z][^,;:.]{1,50}?) (?:is|are|refers to|means) (?P<d>(?:a|an|the|any) (?!(?:driving|integral|key|great|important|major|leading|critical|significant|good)\b)[^.;]{15,200})"
)
#: A sentence that says what a thing is, not what it is like.
_DEFINING = re.compile(r" (?:refers to|means|that|which|who|where|used|designed|in which) ")
_DATED = re.compile(
    r"^(?P<s>[^,;:]{3,70}?) (?P<be>was|were) (?P<v>[a-z]{2,12}(?:ed|t|de|en|un|ld|rn)(?: [a-z]{1,12}){0,3}) (?:in|on) "
    r"(?P<d>(?:(?:January|February|March|April|May|June|July|August|September|October|November|December) (?:\d{1,2}, )?)?(?:19|20)\d\d)"
)
_CAUSE = re.compile(
    r"^(?P<s>[^,;:]{4,90}?) (?P<v>increased|decreased|grew|declined|rose|fell|improved|dropped) (?P<m>[^;]{0,120}?)"
    r"(?:primarily |mainly |largely |partly |principally )?(?:due to|because of|driven by|as a result of|attributable to|reflecting) (?!the following)(?P<c>[^.;]{8,160})"
)
_INCLUDES = re.compile(
    r"^(?P<s>[A-Z][^,;:.]{2,60}?) (?P<v>include|includes|consist of|consists of|comprise|comprises) (?!the following)(?P<l>[^.;]{12,200})"
)
_SUBJECT_OF = re.compile(
    r"^(?P<s>[A-Z][^,;:.]{2,60}?) (?P<p>(?:(?:is|was|are|were) (?:the|one of the|located|based|used)|provides|allows|enables|represents|contains|"
    r"covers|supports|describes|causes|manages|serves|operates|produces|measures|owns|launched|won|announced|protects|controls|"
    r"displays|stores|prevents|determines|governs|regulates) [^;:?]{15,110})"
)
_TO_DO = re.compile(
    r"^To (?!the |this |that |these |our |a |an |address |do so)(?P<g>[a-z][^,;:.]{6,80}), (?P<a>[a-z][^;]{10,200})"
)
_PRESS = re.compile(
    r"^(?P<a>(?:Press|Tap|Click|Select|Open|Touch|Swipe|Hold|Use|Go to|Choose|Enter|Turn|Push|Set|Call|Contact|Visit|Submit)\b[^.;]{3,90}?) to (?P<g>[a-z]{2,15} [^,;:.]{4,80})"
)
_IF = re.compile(r"^(?P<w>If|When) (?P<c>[a-z][^,;:.]{8,100}), (?P<a>[^;]{8,200})")
_LEADS = re.compile(
    r"^(?P<s>[A-Z][a-z]{1,15}(?: [A-Z]\.)?(?: [A-Z][a-z'-]{1,18}){1,2}),? (?:is|was|serves as|served as|joined [^,]{2,40} as) (?:our |the |an? )(?P<r>[A-Za-z][^,;:.]{4,70})"
)
_VAGUE = frozenset(
    "some common typical other examples key certain many several various additional most such all".split()
)
#: Who does things: asked about with "who", which these questions do not.
_ORGANISED = re.compile(
    r"\b(?:we|company|board|management|committee|firm|mr|ms|mrs|dr|president|director|officer|court|congress|team|staff|inc|llc)\b",
    re.IGNORECASE,
)
_ROLE = re.compile(
    r"\b(?:chief|president|director|manager|head|professor|officer|chair|secretary|founder|ceo|cfo|treasurer|editor|coordinator)",
    re.IGNORECASE,
)


def _definition(sentence: str, owner: str) -> Iterator[Fact]:
    match = _DEFINITION.match(sentence)
    if (
        match
        and len(match["s"].split()) <= 6
        and _DEFINING.search(match[0])
        and (subject := find_subject(match["s"], ""))
    ):
        yield Fact(
            "definition", match["d"], sentence, {"subject": subject, "be": "are" if is_plural(subject) else "is"}
        )


def _dated(sentence: str, owner: str) -> Iterator[Fact]:
    match = _DATED.match(sentence)
    if match and (subject := find_subject(match["s"], owner)):
        yield Fact("dated", match["d"], sentence, {"subject": subject, "be": match["be"], "verb": match["v"]})


def _cause(sentence: str, owner: str) -> Iterator[Fact]:
    match = _CAUSE.match(sentence)
    if match and (subject := find_subject(match["s"], owner)):
        parts = {
            "subject": subject,
            "verb": VERBS[match["v"]],
            "verbed": match["v"],
            "time": find_time(sentence, subject),
        }
        yield Fact("cause", match["c"], sentence, parts)


def _includes(sentence: str, owner: str) -> Iterator[Fact]:
    match = _INCLUDES.match(sentence)
    if (
        match
        and " " in match["s"]
        and match["s"].split()[0].lower() not in _VAGUE
        and (subject := find_subject(match["s"], owner))
    ):
        do = "do" if match["v"] in ("include", "comprise", "consist of") else "does"
        verb = "consist of" if match["v"].startswith("consist") else "include"
        if not base_verb(subject.split()[0]) and do == ("do" if is_plural(subject) else "does"):
            yield Fact(
                "includes", match["l"], sentence, {"subject": subject, "do": do, "verb": verb, "verbs": match["v"]}
            )


def _subject_of(sentence: str, owner: str) -> Iterator[Fact]:
    """Who or what something is said of."""
    match = _SUBJECT_OF.match(sentence)
    if match is None or not is_whole(sentence, match.end()) or not 5 <= len(match["p"].split()) <= 16:
        return
    predicate = trim(match["p"]).rstrip(".")
    plural = predicate.split()[0] in ("are", "were")
    told = not plural and not any(word.strip(",.()").lower() in DANGLING for word in predicate.split())
    if told and (subject := find_subject(match["s"], "")) and not _ORGANISED.search(subject):
        yield Fact("subject_of", subject, sentence, {"predicate": predicate})


def _procedure(sentence: str, owner: str) -> Iterator[Fact]:
    match = _TO_DO.match(sentence) or _PRESS.match(sentence)
    if match and is_whole(sentence, match.end("g")) and _is_instruction(match["g"], match["a"]):
        yield Fact("how_to", match["a"], sentence, {"goal": _plain(match["g"])})
    if (match := _IF.match(sentence)) and names_its_subject(match["c"]):
        kind = "do_if" if is_told(match["a"]) else "what_if" if match["w"] == "If" else "what_when"
        if not pointing(match["c"]) and match["a"].split()[0] not in ("but", "and", "or", "then"):
            yield Fact(kind, match["a"], sentence, {"condition": second_person(match["c"])})


def _is_instruction(goal: str, action: str) -> bool:
    """Whether the text says all that is to be done, for a goal that names its thing."""
    return is_told(action) and trim(action) == action and goal.split()[0] in BASE_VERBS and not pointing(goal)


def _person(sentence: str, owner: str) -> Iterator[Fact]:
    match = _LEADS.match(sentence)
    if match and _ROLE.search(match["r"]) and match["s"].split()[0].lower() not in DANGLING | ARTICLES:
        yield Fact("who", match["s"], sentence, {"role": trim(match["r"]), "owner": owner})


def is_told(words: str) -> bool:
    """Whether a clause tells the reader what to do: `press the button`, `you must call`."""
    first = words.split()[0].lower()
    return (
        first in BASE_VERBS | {"press", "tap", "click", "touch", "swipe", "hold", "go", "call", "ensure"}
        or first == "you"
    )


def _plain(words: str) -> str:
    return words.replace("your ", "my ").strip()


EXPLANATION_READERS: tuple[Callable[[str, str], Iterator[Fact]], ...] = (
    _definition, _dated, _cause, _includes, _subject_of, _procedure, _person,
)  # fmt: skip
