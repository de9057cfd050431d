"""A page with all that was asked of it: what a row of the released schema is written from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from docrerank.queries import Family, find_families
from docrerank.records import Page
from docrerank.runs import Run


@dataclass(slots=True)
class AskedPage:
    """One page and its families; votes are (yes, no) of the judges by query id."""

    page: Page
    families: list[Family]
    votes: dict[str, tuple[int, int]] = field(default_factory=dict)


def read_asked_pages(run: Run, document: str, left_out: Counter[str]) -> Iterator[AskedPage]:
    """Yield a document's pages in order, each with its queries; pages without a query have no family.

    Args:
        run: the run.
        document: of its pages.
        left_out: counts queries that are left out, by reason.
    """
    votes = count_votes(run, document)
    families: dict[str, list[Family]] = {}
    for family in find_families(run.queries.read(document), left_out).values():
        families.setdefault(family.positive.page_id, []).append(family)
    for page in run.pages.read(document):
        own = families.get(page.id, [])
        asked = {query.id for family in own for query in (*family.wordings(), *family.negatives)}
        yield AskedPage(page, own, {key: votes[key] for key in asked & votes.keys()})


def count_votes(run: Run, document: str) -> dict[str, tuple[int, int]]:
    """Query id to how many verdicts said that its page answers it, and how many that it does not."""
    votes: dict[str, tuple[int, int]] = {}
    for verdict in run.verdicts.read(document):
        yes, no = votes.get(verdict.query_id, (0, 0))
        votes[verdict.query_id] = (yes + verdict.answerable, no + (not verdict.answerable))
    return votes
