"""Facts in prose: sentences with a percentage, an amount, a count, a date, a definition, a cause or a procedure.

Every pattern is anchored or bounded, so that reading a page costs time in proportion to its length.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from docrerank.queries.facts import Fact
from docrerank.queries.vocabulary import DANGLING

MAX_SENTENCE = 400
MIN_WORDS = 5

_END = re.compile(r"(?<=[a-z0-9)%”\"][.!?])\s+(?=[A-Z“\"•(\d])")
_ABBREVIATED = re.compile(
    r"\b(?:Inc|Corp|Co|Ltd|No|Nos|vs|Dr|Mr|Mrs|Ms|St|Fig|Figs|Eq|Sec|al|approx|U\.S|e\.g|i\.e|etc)\.$"
)
_AMOUNT = r"(?P<amount>(?:about |approximately |over |more than |nearly |almost |around |only |just |some )?[$€£]?\d[\d,]{0,15}(?:\.\d{1,4})?(?: ?%| percent| percentage points| million| billion| trillion| thousand)?)"
_TIME = re.compile(
    r"\b(?:in|during|for|as of|at the end of|from|between|since|by|through|until|compared (?:to|with)|over) "
    r"(?:the )?(?:fiscal |calendar |year |years |year ended |quarter |quarter ended |first |second |third |fourth |end of |"
    r"January|February|March|April|May|June|July|August|September|October|November|December| |\d{1,2},? |and |to |-){0,6}"
    r"(?:19|20)\d\d(?:(?: and | to |[-–])(?:19|20)\d\d)?"
)
_VERBS = {
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
_CHANGE = re.compile(rf"^(?P<s>[^,;:]{{3,70}}?) (?P<v>{'|'.join(_VERBS)}) (?:by )?{_AMOUNT}")
_HOLD = re.compile(
    rf"^(?P<s>[^,;:]{{2,60}}?) (?P<v>{'|'.join(_HOLDS)}) {_AMOUNT} (?P<n>[a-z][a-z\-]{{2,20}}(?: [a-z][a-z\-]{{1,20}}){{0,3}})"
)
_THERE = re.compile(
    rf"^(?:[^,]{{0,60}}, )?[Tt]here (?P<be>are|were|is|was) {_AMOUNT} (?P<n>[a-z][a-z\-]{{2,20}}(?: [a-z][^,;:.]{{1,60}})?)"
)
_IS_AMOUNT = re.compile(
    rf"^(?P<s>[^,;:]{{4,80}}?) (?P<v>is|was|were|are|totaled|totalled|amounted to|reached|stood at|came to) {_AMOUNT}"
)
_DEFINITION = re.compile(
    r"^(?P<s>[A-Z][^,;:.]{1,50}?) (?:is|are|refers to|means) (?P<d>(?:a|an|the|any) [^.;]{15,200})"
)
_DATED = re.compile(
    r"^(?P<s>[^,;:]{3,70}?) (?P<be>was|were) (?P<v>[a-z]{2,12}(?:ed|t|de|en|un|ld|rn)(?: [a-z]{1,12}){0,3}) (?:in|on) "
    r"(?P<d>(?:(?:January|February|March|April|May|June|July|August|September|October|November|December) (?:\d{1,2}, )?)?(?:19|20)\d\d)"
)
_CAUSE = re.compile(
    r"^(?P<s>[^,;:]{4,90}?) (?P<v>increased|decreased|grew|declined|rose|fell|improved|dropped) (?P<m>[^;]{0,120}?)"
    r"(?:primarily |mainly |largely |partly |principally )?(?:due to|because of|driven by|as a result of|attributable to|reflecting) (?P<c>[^.;]{8,160})"
)
_INCLUDES = re.compile(
    r"^(?P<s>[A-Z][^,;:.]{2,60}?) (?P<v>include|includes|consist of|consists of|comprise|comprises) (?P<l>[^.;]{12,200})"
)
_TO_DO = re.compile(r"^To (?P<g>[a-z][^,;:.]{6,80}), (?P<a>[a-z][^;]{10,200})")
_PRESS = re.compile(
    r"^(?P<a>(?:Press|Tap|Click|Select|Open|Touch|Swipe|Hold|Use|Go to|Choose|Enter|Turn|Push|Set|Call|Contact|Visit|Submit)\b[^.;]{3,90}?) to (?P<g>[a-z]{2,15} [^,;:.]{4,80})"
)
_IF = re.compile(r"^(?P<w>If|When) (?P<c>[a-z][^,;:.]{8,100}), (?P<a>[^;]{8,200})")
_LEADS = re.compile(
    r"^(?P<s>[A-Z][a-z]{1,15}(?: [A-Z]\.)?(?: [A-Z][a-z'-]{1,18}){1,2}),? (?:is|was|serves as|served as|joined [^,]{2,40} as) (?:our |the |an? )(?P<r>[A-Za-z][^,;:.]{4,70})"
)


_ROLE = re.compile(
    r"\b(?:[Cc]hief|[Pp]resident|[Dd]irector|[Mm]anager|[Hh]ead|[Pp]rofessor|[Oo]fficer|[Cc]hair|[Ss]ecretary|[Ff]ounder|CEO|CFO|[Tt]reasurer|[Ee]ditor|[Cc]oordinator)"
)
_RUN_ON = re.compile(r"^.{3,120}? (?=(?:The|Our|We|In|Net|Cost|Total|Revenue|Operating) [a-z])")
_LATE_TIME = re.compile(
    r",? (?:in|during|for|as of) (?:fiscal |the year ended |fiscal year )?(?:[A-Z][a-z]{2,8} \d{1,2}, )?(?:19|20)\d\d$"
)
_CLAUSE = re.compile(
    r" (?:that|which|who|believe|know|expect|if|because|while|than|compared) | (?:that|which|The|following)$"
)
_ARTICLES = frozenset(
    ("the", "a", "an", "all", "most", "some", "many", "total", "net", "operating", "average", "every")
)
_HANGING = frozenset(
    """and or of in to than that which for with by from as at on the a an also may not do does are is was were be has have
    only we our its their this these such per about approximately fiscal during""".split()
) | {""}
_COMMON_VERBS = frozenset(
    """is are was were be been has have had do does did say says said think thinks believe use uses live lives work works
    feel feels see sees want wants prefer support supports own owns get gets go goes make makes come comes know knows find
    report reports describe identify agree disagree approve favor oppose expect plan consider speak can could will would
    should may must need needs play buy pay read watch trust came told voted call""".split()
)
_SUBJECT_OPENERS = frozenset("the a an i you my your any no one all some each both someone two there".split())


def sentences(text: str) -> list[str]:
    """Split running text into sentences; joined lines first, over-long ones cut."""
    pieces, held = [], ""
    for piece in _END.split(" ".join(text.split())):
        held = f"{held} {piece}".strip()
        if not _ABBREVIATED.search(held[-8:]):
            pieces.append(held[:MAX_SENTENCE])
            held = ""
    return [*pieces, held[:MAX_SENTENCE]] if held else pieces


def read_statements(text: str, owner: str) -> Iterator[Fact]:
    """Yield the facts of running text.

    Args:
        text: a paragraph.
        owner: who "we" is: the company or the document's subject.
    """
    for sentence in sentences(text):
        if len(sentence.split()) >= MIN_WORDS:
            for read in _READERS:
                yield from read(sentence, owner)


def _percent_of(sentence: str, owner: str) -> Iterator[Fact]:
    for match in _PERCENT_OF.finditer(sentence):
        rest = _trim(match["rest"])
        if 3 <= len(rest.split()) <= 18 and not _dangles(rest) and _says_something(rest):
            yield Fact("percent_of", match["amount"], sentence, {"rest": rest, "time": _time(sentence, rest)})


def _change(sentence: str, owner: str) -> Iterator[Fact]:
    match = _CHANGE.match(sentence)
    if match and (subject := _subject(match["s"], owner)):
        parts = {"subject": subject, "verb": _VERBS[match["v"]], "time": _time(sentence, subject)}
        yield Fact("changed", match["amount"], sentence, parts)


def _hold(sentence: str, owner: str) -> Iterator[Fact]:
    match = _HOLD.match(sentence)
    if match and _is_count(match["amount"]) and (subject := _subject(match["s"], owner)):
        clause = _HOLDS[match["v"]].format(s=subject)
        yield Fact(
            "count",
            match["amount"],
            sentence,
            {"noun": _trim(match["n"]), "clause": clause, "time": _time(sentence, subject)},
        )


def _there(sentence: str, owner: str) -> Iterator[Fact]:
    match = _THERE.match(sentence)
    if match and _is_count(match["amount"]):
        clause = f"{'were' if match['be'] in ('was', 'were') else 'are'} there"
        yield Fact("count", match["amount"], sentence, {"noun": _trim(match["n"]), "clause": clause, "time": ""})


def _is_amount(sentence: str, owner: str) -> Iterator[Fact]:
    match = _IS_AMOUNT.match(sentence)
    if match and (subject := _subject(match["s"], owner)):
        be = "is" if match["v"] in ("is", "are") else "was"
        yield Fact(
            "amount", match["amount"], sentence, {"subject": subject, "be": be, "time": _time(sentence, subject)}
        )


def _definition(sentence: str, owner: str) -> Iterator[Fact]:
    match = _DEFINITION.match(sentence)
    if match and len(match["s"].split()) <= 6 and (subject := _subject(match["s"], "")):
        yield Fact("definition", match["d"], sentence, {"subject": subject})


def _dated(sentence: str, owner: str) -> Iterator[Fact]:
    match = _DATED.match(sentence)
    if match and (subject := _subject(match["s"], owner)):
        yield Fact("dated", match["d"], sentence, {"subject": subject, "be": match["be"], "verb": match["v"]})


def _cause(sentence: str, owner: str) -> Iterator[Fact]:
    match = _CAUSE.match(sentence)
    if match and (subject := _subject(match["s"], owner)):
        parts = {"subject": subject, "verb": _VERBS[match["v"]], "time": _time(sentence, subject)}
        yield Fact("cause", match["c"], sentence, parts)


def _includes(sentence: str, owner: str) -> Iterator[Fact]:
    match = _INCLUDES.match(sentence)
    if match and (subject := _subject(match["s"], owner)):
        do = "do" if match["v"] in ("include", "comprise", "consist of") else "does"
        verb = "consist of" if match["v"].startswith("consist") else "include"
        yield Fact("includes", match["l"], sentence, {"subject": subject, "do": do, "verb": verb})


def _procedure(sentence: str, owner: str) -> Iterator[Fact]:
    if match := _TO_DO.match(sentence) or _PRESS.match(sentence):
        yield Fact("how_to", match["a"], sentence, {"goal": _plain(match["g"])})
    if (match := _IF.match(sentence)) and _names_its_subject(match["c"]):
        kind = "what_if" if match["w"] == "If" else "what_when"
        yield Fact(kind, match["a"], sentence, {"condition": _second_person(match["c"])})


def _person(sentence: str, owner: str) -> Iterator[Fact]:
    match = _LEADS.match(sentence)
    if match and _ROLE.search(match["r"]) and match["s"].split()[0].lower() not in DANGLING | _ARTICLES:
        yield Fact("who", match["s"], sentence, {"role": _trim(match["r"]), "owner": owner})


_READERS: tuple[Callable[[str, str], Iterator[Fact]], ...] = (
    _percent_of, _change, _hold, _there, _is_amount, _definition, _dated, _cause, _includes, _procedure, _person,
)  # fmt: skip


def _subject(words: str, owner: str) -> str:
    """A subject that names its thing, in the form it has inside a question; empty if it points elsewhere."""
    words = _once(_trim(_RUN_ON.sub("", _LATE_TIME.sub("", words)).lstrip(' •–-*"“”0123456789.)(')))
    first, _, rest = words.partition(" ")
    if first in ("We", "we") and owner:
        return f"{owner} {rest}".strip()
    if first in ("Our", "our") and owner and rest:
        return f"{_possessive(owner)} {rest}"
    if not words or first.lower() in DANGLING or len(words.split()) > 12 or _CLAUSE.search(words):
        return ""
    return first.lower() + words[len(first) :] if first.lower() in _ARTICLES or _is_common(first, rest) else words


def _trim(words: str) -> str:
    """Words without function words or signs left hanging at their end."""
    kept = words.split()
    while kept and kept[-1].strip("(“\"'–-•").lower() in _HANGING:
        kept.pop()
    return " ".join(kept).rstrip(' (“"–-•$')


def _once(words: str) -> str:
    """A heading that ran into the same words of its sentence is said once."""
    kept = words.split()
    for half in range(len(kept) // 2, 0, -1):
        if [word.lower() for word in kept[:half]] == [word.lower() for word in kept[half : 2 * half]]:
            return " ".join(kept[half:])
    return words


def _says_something(words: str) -> bool:
    """Whether there is a verb: without one, the words only name what the percentage is of."""
    return any(word in _COMMON_VERBS or (word.endswith("ed") and len(word) > 4) for word in words.split())


def _names_its_subject(condition: str) -> bool:
    """Whether a condition says who or what: `the battery is low`, not `necessary` or `looking at it`."""
    kept = condition.split()
    return len(kept) >= 4 and (kept[0] in _SUBJECT_OPENERS or kept[1] in _COMMON_VERBS)


def _is_common(first: str, rest: str) -> bool:
    """A capital that only the sentence's start gave: the next word has none."""
    return first[1:].islower() and bool(rest) and rest[0].islower()


def _possessive(owner: str) -> str:
    return owner + ("'" if owner.endswith("s") else "'s")


def _time(sentence: str, subject: str) -> str:
    """When the sentence speaks of, if it says so and the subject does not: ` in 2019`; else nothing."""
    match = _TIME.search(sentence)
    return f" {match.group()}" if match and match.group() not in subject else ""


def _dangles(words: str) -> bool:
    first = words.split()[0].lower()
    return first in DANGLING and first not in ("those", "all")


def _is_count(amount: str) -> bool:
    return "%" not in amount and "percent" not in amount and "$" not in amount


def _plain(words: str) -> str:
    return words.replace("your ", "my ").strip()


def _second_person(words: str) -> str:
    """A manual speaks to "you"; the asker is "I"."""
    swaps = {"you": "I", "your": "my", "yours": "mine", "yourself": "myself"}
    words = " ".join(swaps.get(word, word) for word in words.split())
    return words.replace("I are", "I am")
