"""Facts in prose about how much and how many: percentages, changes, counts, amounts.

Every pattern is anchored or bounded, and a sentence has a bounded length: reading costs time linear in the page.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from docrerank.queries.facts import Fact
from docrerank.queries.grammar import dangles, find_subject, find_time, has_verb, is_whole, trim

_AMOUNT = r"(?P<amount>(?:about |approximately |over |more than |nearly |almost |around |only |just |some )?[$€£]?\d[\d,]{0,15}(?:\.\d{1,4})?(?: ?%| percent| percentage points| million| billion| trillion| thousand)?)"
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
        if 3 <= len(rest.split()) <= 18 and not dangles(rest) and has_verb(rest):
            yield Fact("percent_of", match["amount"], sentence, {"rest": rest, "time": find_time(sentence, rest)})


def _change(sentence: str, owner: str) -> Iterator[Fact]:
    match = _CHANGE.match(sentence)
    if match and (subject := find_subject(match["s"], owner)):
        parts = {"subject": subject, "verb": VERBS[match["v"]], "time": find_time(sentence, subject)}
        yield Fact("changed", match["amount"], sentence, parts)


def _hold(sentence: str, owner: str) -> Iterator[Fact]:
    match = _HOLD.match(sentence)
    if match and _is_count(match["amount"]) and (subject := find_subject(match["s"], owner)):
        clause = _HOLDS[match["v"]].format(s=subject)
        yield Fact(
            "count",
            match["amount"],
            sentence,
            {"noun": trim(match["n"]), "clause": clause, "time": find_time(sentence, subject)},
        )


def _there(sentence: str, owner: str) -> Iterator[Fact]:
    match = _THERE.match(sentence)
    if match and _is_count(match["amount"]):
        clause = f"{'were' if match['be'] in ('was', 'were') else 'are'} there"
        yield Fact("count", match["amount"], sentence, {"noun": trim(match["n"]), "clause": clause, "time": ""})


def _is_amount(sentence: str, owner: str) -> Iterator[Fact]:
    match = _IS_AMOUNT.match(sentence)
    if match and (subject := find_subject(match["s"], owner)):
        be = "is" if match["v"] in ("is", "are") else "was"
        yield Fact(
            "amount", match["amount"], sentence, {"subject": subject, "be": be, "time": find_time(sentence, subject)}
        )


def _is_count(amount: str) -> bool:
    return "%" not in amount and "percent" not in amount and "$" not in amount


AMOUNT_READERS: tuple[Callable[[str, str], Iterator[Fact]], ...] = (_percent_of, _change, _hold, _there, _is_amount)
