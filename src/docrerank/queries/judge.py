"""The model-free judge: does this page answer this query? Two wordings, as in the paper (section 2).

`stated` asks whether the page says it in so many words; `derivable` whether it could be worked out from the page, from
other words of the same meaning, a range of years or neighbouring lines. A positive is kept if both say yes, a hard
negative only if both say no.
"""

from __future__ import annotations

from docrerank.queries.derived_measures import can_work_out, find_measure
from docrerank.queries.editable_spans import find_slots
from docrerank.queries.index import PageIndex
from docrerank.queries.vocabulary import RANKING
from docrerank.records import Query, Verdict
from docrerank.retrieval import stem, terms, tokens, years

JUDGE = "rules/4"
WORDINGS = ("stated", "derivable")

#: A positive's terms that its page must hold close together; the rest may be the asker's own words.
SHARE_STATED = 0.5
SHARE_ON_PAGE = 0.6

#: Terms with which a table is asked about and which it does not hold.
_ASKING = frozenset(
    map(stem, "year highest higher rise rose fall fell go went change possible necessary table".split())
)


def judge_positive(query: Query, page: PageIndex, aside: str) -> tuple[Verdict, Verdict]:
    """Hold a positive or a rephrasing against its page.

    Args:
        query: the query; its `evidence` and `answer` say what to look for.
        page: its page.
        aside: words that need not stand on the page: the document's own name.
    """
    answer = terms(query.answer) or [stem(token) for token in tokens(query.answer)]
    evidence = frozenset(map(stem, tokens(query.evidence)))
    if (
        (measure := find_measure(query.text))
        and can_work_out(measure, page)
        and not any(map(page.says, measure.names))
    ):
        return _judge_derived(query, page, aside)
    there = page.close_together(evidence) or page.share_close(evidence) > 0.9 or page.spells(query.evidence)
    stated = there and set(answer) <= evidence | page.terms
    asked = set(terms(query.text)) - set(terms(aside)) - years(query.text) - _ASKING
    share = len(asked & page.terms) / max(1, len(asked))
    unknown = _unknown(query, page, aside)
    first = _verdict(
        query, stated and page.share_close(asked) >= SHARE_STATED, 0, "the evidence and the answer stand here"
    )
    reason = f"not on the page: {unknown}" if unknown else f"{share:.0%} of the terms are on the page"
    return first, _verdict(query, not unknown and share >= SHARE_ON_PAGE, 1, reason)


def _judge_derived(query: Query, page: PageIndex, aside: str) -> tuple[Verdict, Verdict]:
    """Hold a question for a measure against a page that has its parts and not its name."""
    unknown = _unknown(query, page, aside)
    told = years(query.text) <= page.years
    return (
        _verdict(query, told, 0, "the parts of the measure stand here" if told else "the year is not on the page"),
        _verdict(query, not unknown, 1, f"not on the page: {unknown}" if unknown else "can be worked out"),
    )


def judge_negative(query: Query, page: PageIndex, aside: str = "") -> tuple[Verdict, Verdict]:
    """Hold a hard negative against its page: what the edit put in must not be there in any form.

    Args:
        query: the query; its `edited` says what to look for.
        page: its page.
        aside: words that need not stand on the page: the document's own name, which edits of names may hold.
    """
    edited = set(terms(query.edited)) or set(map(stem, tokens(query.edited)))
    edited = edited - set(terms(aside)) or edited
    stated = page.on_one_line(edited)
    said = page.says(query.edited) or page.spells(query.edited) or page.close_together(edited)
    measure = find_measure(query.edited)
    worked_out = measure is not None and can_work_out(measure, page)
    derivable = stated or said or worked_out or _spread(edited, page) or _ranks(query.edited)
    return (
        _verdict(query, stated, 0, f"'{query.edited}' {'stands' if stated else 'does not stand'} on a line"),
        _verdict(query, derivable, 1, f"'{query.edited}' {'can' if derivable else 'cannot'} be worked out"),
    )


def agree(verdicts: tuple[Verdict, Verdict], answerable: bool) -> bool:
    """Whether both wordings say this."""
    return all(verdict.answerable == answerable for verdict in verdicts)


def _unknown(query: Query, page: PageIndex, aside: str) -> str:
    """The first name, year or region of the query that the page does not know; empty if it knows all."""
    known = set(terms(aside))
    for slot in find_slots(query.text, {}):
        named = slot.property in ("year", "region", "entity")
        if named and not set(terms(slot.text)) <= known | page.terms and not page.says(slot.text):
            return slot.text
    return ""


def _spread(edited: set[str], page: PageIndex) -> bool:
    """Several words that all stand on the page, if not together: too near to an answer to be safe."""
    return 1 < len(edited) <= 3 and page.share_close(edited) >= 1.0


def _ranks(edited: str) -> bool:
    """Highest for lowest: who can read the one off a page can read the other."""
    words = set(edited.lower().split())
    return bool(words) and words <= RANKING


def _verdict(query: Query, answerable: bool, wording: int, reason: str) -> Verdict:
    return Verdict(query.id, query.page_id, answerable, JUDGE, WORDINGS[wording], reason)
