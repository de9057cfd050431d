"""The little grammar that questions need: sentences, subjects that name their thing, verbs, times."""

from __future__ import annotations

import re

from docrerank.queries.nouns import names_a_thing
from docrerank.queries.vocabulary import ARTICLES, DANGLING, PREPOSITIONS

MAX_SENTENCE = 400
_END = re.compile(r"(?<=[a-z0-9)%”\"][.!?])\s+(?=[A-Z“\"•(\d])")
_ABBREVIATED = re.compile(
    r"\b(?:Inc|Corp|Co|Ltd|No|Nos|vs|Dr|Mr|Mrs|Ms|St|Fig|Figs|Eq|Sec|al|approx|U\.S|e\.g|i\.e|etc)\.$"
)
_TIME = re.compile(
    r"\b(?:in|during|for|as of|at the end of) "
    r"(?:the )?(?:fiscal |calendar |year |years |year ended |quarter |quarter ended |first |second |third |fourth |end of |"
    r"January|February|March|April|May|June|July|August|September|October|November|December| |\d{1,2},? |and |to |-){0,6}"
    r"(?:19|20)\d\d(?:(?: and | to |[-–])(?:19|20)\d\d)?"
)
_RUN_ON = re.compile(r"^.{3,120}? (?=(?:The|Our|We|In|Net|Cost|Total|Revenue|Operating) [a-z])")
#: A determiner with a capital inside a subject: a heading ran into its sentence.
_INNER_START = re.compile(r"\S (?:Each|All|Every|Some|Many|Most|Several|Two|Three|Four|Five|Six|An|This|These) ")
_LATE_TIME = re.compile(
    r",? (?:in|during|for|as of) (?:fiscal |the year ended |fiscal year )?(?:[A-Z][a-z]{2,8} \d{1,2}, )?(?:19|20)\d\d$"
)
_EARLY_TIME = re.compile(r"^(?:In|During|For|By) (?:fiscal )?(?:19|20)\d\d,? ")
_CLAUSE = re.compile(
    r" (?:that|which|who|believe|know|expect|if|because|while|than|compared) | (?:that|which|The|following)$"
)
_HANGING = frozenset(
    """and or of in to than that which for with by from as at on the a an also may not do does are is was were be has have
    only such per about approximately fiscal during primarily recently generally mainly currently typically""".split()
) | {""}
_COMMON_VERBS = frozenset(
    """is are was were be been has have had do does did say says said think thinks believe use uses live lives work works
    feel feels see sees want wants prefer support supports own owns get gets go goes make makes come comes know knows find
    report reports describe identify agree disagree approve favor oppose expect plan consider speak can could will would
    should may must need needs play buy pay read watch trust came told voted call""".split()
)
_AUXILIARIES = frozenset("do does did is are was were have has had can will".split())
_PRONOUNS = frozenset("it this that these those they them its their such he she his her him same".split())
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


def find_subject(words: str, owner: str) -> str:
    """A subject that names its thing, in the form it has inside a question; empty if it points elsewhere."""
    words = _RUN_ON.sub("", _EARLY_TIME.sub("", _LATE_TIME.sub("", words))).lstrip(' •–-*"“”0123456789.)(')
    words = "" if words.endswith(" not") or _INNER_START.search(words) else say_once(trim(words))
    first, _, rest = words.partition(" ")
    if first in ("We", "we") and owner:
        return "" if rest else owner
    if first in ("Our", "our") and owner and rest:
        return f"{possessive(owner)} {rest}"
    if not words or first.lower() in DANGLING or _CLAUSE.search(words) or not names_a_thing(words):
        return ""
    return first.lower() + words[len(first) :] if first.lower() in ARTICLES or _is_common(first, rest) else words


def trim(words: str) -> str:
    """Words without function words or signs left hanging at their end."""
    kept = words.split()
    while kept and kept[-1].strip("(“\"'–-•").lower() in _HANGING:
        kept.pop()
    return " ".join(kept).rstrip(' (“"–-•$')


def is_whole(sentence: str, end: int) -> bool:
    """Whether a clause that a pattern's bound may have cut ends where the sentence does: not inside a word or `U.S.`.

    Examples:
        >>> is_whole("It offers 3.5 GB.", 16), is_whole("It offers 3.5 GB.", 11), is_whole("It offers 3.5 GB.", 14)
        (True, False, False)
    """
    after = sentence[end:]
    return after[:1] in (",", ";", ":") or not after.strip(' .!?)"”')


def say_once(words: str) -> str:
    """A heading that ran into the same words of its sentence is said once."""
    kept = words.split()
    for half in range(len(kept) // 2, 0, -1):
        if [word.lower() for word in kept[:half]] == [word.lower() for word in kept[half : 2 * half]]:
            return " ".join(kept[half:])
    return words


def _is_common(first: str, rest: str) -> bool:
    """A capital that only the sentence's start gave: the next word has none, and it owns nothing."""
    return first[1:].isalpha() and first[1:].islower() and bool(rest) and rest[0].islower()


def possessive(owner: str) -> str:
    return owner + ("'" if owner.endswith("s") else "'s")


def find_time(sentence: str, subject: str) -> str:
    """When the sentence speaks of, if it says so and the subject does not: ` in 2019`; else nothing."""
    match = _TIME.search(sentence)
    return f" {match.group()}" if match and match.group() not in subject else ""


def dangles(words: str) -> bool:
    first = words.split()[0].lower()
    return first in DANGLING and first not in ("those", "all")


def pointing(words: str) -> bool:
    """Whether a clause holds a pronoun whose thing it does not name."""
    low = words.lower().split()
    return any(word in _PRONOUNS for word in low)


def has_verb(words: str) -> bool:
    """Whether there is a verb: without one, the words only name what the percentage is of."""
    kept = words.split()
    return kept[-1] not in _AUXILIARIES and any(
        (
            word in _COMMON_VERBS
            and (
                word not in ("use", "plan", "work", "support", "play", "report", "call", "watch", "need")
                or before.endswith("s")
            )
        )
        or (word.endswith("ed") and len(word) > 4 and "-" not in word and _is_finite(before, after))
        for before, word, after in zip(kept, kept[1:], [*kept[2:], ""], strict=False)
    )


def _is_finite(before: str, after: str) -> bool:
    """Whether a past form between these words is a verb: not `residentially zoned lots`, `space dedicated for homes`."""
    led = before.endswith("s") or before in ("people", "public", "women", "men", "who", "that")
    return led and after not in PREPOSITIONS - {"the", "a", "an"}


def names_its_subject(condition: str) -> bool:
    """Whether a condition says who or what: `the battery is low`, not `necessary` or `looking at it`."""
    kept = condition.split()
    if {"we", "our", "us"} & set(kept) or kept[-1].isdigit():
        return False
    return (
        len(kept) >= 4 and kept[0] not in ("it", "there") and (kept[0] in _SUBJECT_OPENERS or kept[1] in _COMMON_VERBS)
    )


def second_person(words: str) -> str:
    """A manual speaks to "you"; the asker is "I"."""
    swaps = {"you": "I", "your": "my", "yours": "mine", "yourself": "myself"}
    words = " ".join(swaps.get(word, word) for word in words.split())
    return words.replace("I are", "I am")
