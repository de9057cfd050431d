"""Facts in prose that an auxiliary or a passive opens: why, where, by whom, what for, whether one can or must.

Every pattern is anchored or bounded, and a sentence has a bounded length: reading costs time linear in the page.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from docrerank.queries.facts import Fact
from docrerank.queries.grammar import find_subject, is_whole, pointing, second_person, trim
from docrerank.queries.headings import base_verb
from docrerank.queries.vocabulary import BASE_VERBS

_BECAUSE = re.compile(
    r"^(?P<s>[^,;:]{3,60}?) (?P<aux>is|are|was|were|can|cannot|could|should|must|will) (?P<p>[^,;:]{4,90}?),? because "
    r"(?P<c>[^;]{10,200})"
)
_PLACE = re.compile(
    r"^(?P<s>[^,;:]{3,60}?) (?P<aux>is|are|was|were) (?P<v>located|based|headquartered|held|published|built|born|found|situated) "
    r"(?P<d>(?:in|at) [A-Z][^,;:.]{2,60}|(?:in|at) the [^,;:.]{4,60})"
)
_BY = re.compile(
    r"^(?P<s>[^,;:]{3,70}?) (?:is|are|was|were|has been|have been) (?P<v>developed|founded|conducted|written|designed|created|published|"
    r"produced|sponsored|funded|approved|managed|organized|established|introduced|proposed|owned|operated|regulated) by "
    r"(?P<d>[^,;:.]{3,80})"
)
_USE = re.compile(
    r"^(?P<s>[^,;:]{3,60}?) (?P<aux>is|are|was|were) (?P<v>used|designed|intended) (?P<d>(?:to|for) [^;:]{10,160})"
)
_YOU = re.compile(r"^You (?P<m>can|may|must|should|cannot|need to|have to) (?P<p>[a-z][^;:]{10,110})")
_THEY = re.compile(r"^(?P<s>[A-Z][^,;:]{3,50}?) (?P<m>can|may|must|should|cannot) (?P<p>[a-z][^;:]{12,110})")
_AMONG = re.compile(
    r"^(?:Among|Of) (?P<s>[^,;:]{4,60}), (?P<amount>(?:about |roughly |some )?\d{1,3}(?:\.\d)?%) (?P<p>[a-z][^,;:()%]{8,90})"
)
_MAX_WORDS = 14


def _because(sentence: str, owner: str) -> Iterator[Fact]:
    match = _BECAUSE.match(sentence)
    if (
        match
        and not pointing(match["p"])
        and " we " not in f" {match['c']} "
        and (subject := find_subject(match["s"], owner))
    ):
        parts = {"aux": match["aux"], "subject": subject, "predicate": trim(match["p"])}
        yield Fact("why", match["c"], sentence, parts)


def _place(sentence: str, owner: str) -> Iterator[Fact]:
    match = _PLACE.match(sentence)
    if match and (subject := find_subject(match["s"], owner)):
        yield Fact("where", match["d"], sentence, {"aux": match["aux"], "subject": subject, "verb": match["v"]})


def _by(sentence: str, owner: str) -> Iterator[Fact]:
    match = _BY.match(sentence)
    if match and not pointing(match["d"]) and (subject := find_subject(match["s"], "")):
        yield Fact("by_whom", trim(match["d"]), sentence, {"subject": subject, "verb": match["v"]})


def _use(sentence: str, owner: str) -> Iterator[Fact]:
    match = _USE.match(sentence)
    if match and (subject := find_subject(match["s"], owner)):
        yield Fact("use", match["d"], sentence, {"aux": match["aux"], "subject": subject, "verb": match["v"]})


def _permitted(sentence: str, owner: str) -> Iterator[Fact]:
    """What one can or must do: a question of yes or no that the sentence answers, with its condition."""
    match = _YOU.match(sentence) or _THEY.match(sentence)
    if match is None or not is_whole(sentence, match.end("p")) or pointing(match["p"]):
        return
    words = trim(match["p"]).rstrip(".")
    if not 4 <= len(words.split()) <= _MAX_WORDS or words.split()[0] not in BASE_VERBS:
        return
    subject = find_subject(match["s"], "") if "s" in match.groupdict() else "I"
    if subject and subject.lower() != "you" and not base_verb(subject.split()[0]):
        kind = "must" if match["m"] in ("must", "should", "need to", "have to") else "can"
        yield Fact(kind, match[0], sentence, {"subject": subject, "action": second_person(words)})


def _among(sentence: str, owner: str) -> Iterator[Fact]:
    match = _AMONG.match(sentence)
    if match and is_whole(sentence, match.end()) and not pointing(match["p"]) and find_subject(match["s"], ""):
        yield Fact(
            "among", match["amount"], sentence, {"group": match["s"], "action": trim(match["p"])}, {"group": "segment"}
        )


RELATION_READERS: tuple[Callable[[str, str], Iterator[Fact]], ...] = (_because, _place, _by, _use, _permitted, _among)
