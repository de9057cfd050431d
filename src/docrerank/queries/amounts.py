"""Facts in prose about how much and how many: percentages, changes, counts, amounts.

Every pattern is anchored or bounded, and a sentence has a bounded length: reading costs time linear in the page.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator

from docrerank.queries.facts import Fact
from docrerank.queries.grammar import dangles, find_subject, find_time, has_verb, is_whole, pointing, trim
from docrerank.queries.nouns import is_measure, is_plural, names_a_thing, with_article
from docrerank.queries.vocabulary import PREPOSITIONS

_NUMBERS = "two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
_AMOUNT = rf"(?P<amount>(?:{_NUMBERS})(?= )|(?:about |approximately |over |more than |nearly |almost |around |only |just |some )?[$€£]?\d[\d,]{{0,15}}(?:\.\d{{1,4}})?(?: ?%| percent| percentage points| million| billion| trillion| thousand)?)"
VERBS = {
    "grew": "grow", "grow": "grow", "increased": "increase", "increase": "increase", "rose": "rise", "rise": "rise",
    "decreased": "decrease", "declined": "decline", "fell": "fall", "dropped": "drop", "gained": "gain", "lost": "lose",
    "improved": "improve", "expanded": "expand", "jumped": "jump", "slipped": "slip", "shrank": "shrink",
}  # fmt: skip
_HOLDS = {
    "has": "does {s} have", "have": "do {s} have", "had": "did {s} have", "includes": "does {s} include",
    "include": "do {s} include", "included": "did {s} include", "contains": "does {s} contain",
    "contain": "do {s} contain", "employs": "does {s} employ", "employed": "did {s} employ", "employ": "do {s} employ",
    "operates": "does {s} operate", "operated": "did {s} operate", "operate": "do {s} operate",
    "serves": "does {s} serve", "served": "did {s} serve", "supports": "does {s} support", "offers": "does {s} offer",
    "opened": "did {s} open", "acquired": "did {s} acquire", "sold": "did {s} sell", "received": "did {s} receive",
    "surveyed": "did {s} survey", "interviewed": "did {s} interview", "requires": "does {s} require",
    "uses": "does {s} use", "used": "did {s} use", "owns": "does {s} own", "owned": "did {s} own",
}  # fmt: skip
_PERCENT_OF = re.compile(r"(?P<amount>\b\d{1,3}(?:\.\d{1,2})? ?(?:%|percent)) of (?P<rest>[^,;:.()]{8,110})")
#: What a percentage is of: no second percentage, and not cut inside a date.
_PLAIN_REST = re.compile(
    r"[^%$]{8,110}(?<! \d)(?<! \d\d)(?<!January)(?<!March)(?<!June)(?<!September)(?<!October)(?<!December)$"
)
_SECOND = re.compile(r",? (?:and|or|to) [$€£]?\d")
#: Pronouns that stand for those the percentage is of.
_OWN = re.compile(r"\b(?:they|their|them)\b")
_CHANGE = re.compile(rf"^(?P<s>[^,;:]{{3,70}}?) (?P<v>{'|'.join(VERBS)}) (?:by )?{_AMOUNT}")
_HOLD = re.compile(
    rf"^(?P<s>[^,;:]{{2,60}}?) (?P<v>{'|'.join(_HOLDS)}) {_AMOUNT} (?P<n>[a-z][a-z\-]{{2,20}}(?: [a-z][a-z\-]{{1,20}}){{0,3}})"
)
_THERE = re.compile(
    rf"^(?:[^,]{{0,60}}, )?[Tt]here (?P<be>are|were|is|was) {_AMOUNT} (?P<n>[a-z][a-z\-]{{2,20}}(?: [a-z][^,;:.]{{1,60}})?)"
)
_IS_AMOUNT = re.compile(
    rf"^(?P<s>[^,;:]{{4,80}}?) (?P<v>is|was|were|are|totaled|totalled|amounted to|reached|stood at|came to) {_AMOUNT}"
)


def _percent_of(sentence: str, owner: str) -> Iterator[Fact]:
    for match in _PERCENT_OF.finditer(sentence):
        rest = trim(match["rest"]) if is_whole(sentence, match.end()) or sentence[match.end()] in "()" else ""
        if (
            3 <= len(rest.split()) <= 18
            and not dangles(rest)
            and has_verb(rest)
            and _PLAIN_REST.match(rest)
            and not pointing(_OWN.sub("", rest))
        ):
            yield Fact("percent_of", match["amount"], sentence, {"rest": rest, "time": find_time(sentence, rest)})


def _change(sentence: str, owner: str) -> Iterator[Fact]:
    match = _CHANGE.match(sentence)
    if match and not _SECOND.match(sentence, match.end()) and (subject := find_subject(match["s"], owner)):
        parts = {
            "subject": subject,
            "verb": VERBS[match["v"]],
            "verbed": match["v"],
            "time": find_time(sentence, subject),
        }
        yield Fact("changed", match["amount"], sentence, parts)
        if match["v"] == VERBS[match["v"]]:
            return
        parts = {"verb": match["v"], "amount": match["amount"], "time": parts["time"]}
        yield Fact("what_changed", subject, sentence, parts, {"amount": "value"})


def _hold(sentence: str, owner: str) -> Iterator[Fact]:
    match = _HOLD.match(sentence)
    noun = _counted(sentence, match, whole=False) if match and _is_count(match["amount"]) else ""
    if match and noun and (subject := find_subject(match["s"], owner)):
        clause = _HOLDS[match["v"]].format(s=subject)
        parts = {"noun": noun, "clause": clause, "time": find_time(sentence, subject)}
        yield Fact("count", match["amount"], sentence, parts)


def _there(sentence: str, owner: str) -> Iterator[Fact]:
    match = _THERE.match(sentence)
    if match and _is_count(match["amount"]) and (noun := _counted(sentence, match, whole=True)):
        clause = f"{'were' if match['be'] in ('was', 'were') else 'are'} there"
        yield Fact("count", match["amount"], sentence, {"noun": noun, "clause": clause, "time": ""})


def _is_amount(sentence: str, owner: str) -> Iterator[Fact]:
    match = _IS_AMOUNT.match(sentence)
    if (
        match
        and not _SECOND.match(sentence, match.end())
        and (subject := find_subject(match["s"], owner))
        and is_measure(subject)
    ):
        be = {"is": "is", "are": "are"}.get(match["v"], "were" if is_plural(subject) else "was")
        yield Fact(
            "amount",
            match["amount"],
            sentence,
            {"subject": with_article(subject), "be": be, "time": find_time(sentence, subject)},
        )


def _counted(sentence: str, match: re.Match[str], whole: bool) -> str:
    """The noun after a number: plural, and not cut in its middle; without what follows it unless the whole is asked."""
    noun = trim(match["n"])
    if not whole:
        noun = " ".join(itertools.takewhile(lambda word: word not in PREPOSITIONS, noun.split()))
    told = noun and names_a_thing(noun) and (is_plural(noun) or is_plural(noun.split()[0]))
    return noun if told and (not whole or is_whole(sentence, match.end("n"))) else ""


def _is_count(amount: str) -> bool:
    return "%" not in amount and "percent" not in amount and "$" not in amount


AMOUNT_READERS: tuple[Callable[[str, str], Iterator[Fact]], ...] = (_percent_of, _change, _hold, _there, _is_amount)
