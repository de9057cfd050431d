"""Training groups by id: one query and several pages (mined), or one page and several queries (generated)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from docrerank.datasets.mined_table import MinedTable
from docrerank.queries import Family, find_families
from docrerank.records import Query
from docrerank.runs import Run

MISSING = "its page could not be drawn"
UNKNOWN = "its page is not in the run"
OTHER_SPLIT = "its page is in the other split"
ANSWERS = "a mined page that answers the query"


@dataclass(frozen=True, slots=True)
class FamilyGroup:
    """A family whose mined pages may all be negatives, with the split that its document is in.

    Attributes:
        split: `train` or `dev`.
        family: its `mined` pages are drawn, in the same split, and answer none of its wordings.
        elsewhere: (query, page id) pairs of other pages that answer: a positive's, and those for which a hard
            negative is a positive.
    """

    split: str
    family: Family
    elsewhere: tuple[tuple[Query, str], ...]

    @property
    def page(self) -> str:
        """The page that the positive was written for."""
        return self.family.positive.page_id


@dataclass(slots=True)
class GroupReader:
    """Reads a run's families document by document.

    Args:
        run: the run.
        dev: documents of the dev split.
        missing: pages that are not in the set.
        left_out: counts what is left out, by reason.
    """

    run: Run
    dev: Collection[str] = ()
    missing: Collection[str] = ()
    left_out: Counter[str] = field(default_factory=Counter)
    _known: frozenset[str] = frozenset()

    def read(self) -> Iterator[FamilyGroup]:
        """Yield every family of a page that is in the set."""
        table = MinedTable(self.run)
        self._known = frozenset(self.run.pages.column("id"))
        for document in self.run.queries.names():
            mined = table.of(document)
            for family in find_families(self.run.queries.read(document), self.left_out).values():
                if family.positive.page_id in self.missing:
                    self.left_out[MISSING] += 1
                else:
                    yield self._build(family, mined.get(family.positive.id, []))

    def split_of(self, page_id: str) -> str:
        """The split of a page's document."""
        return "dev" if page_id.rpartition("/")[0] in self.dev else "train"

    def _build(self, family: Family, mined: Sequence[str]) -> FamilyGroup:
        answering, split = family.answering(), self.split_of(family.positive.page_id)
        for page in mined:
            if reason := ANSWERS if page in answering else self._find_fault(page, split):
                self.left_out[reason] += 1
            else:
                family.mined.append(page)
        queries = [*family.wordings(), *family.negatives]
        elsewhere = [(query, page) for query in queries for page in query.answered_by if page != query.page_id]
        return FamilyGroup(split, family, tuple(pair for pair in elsewhere if not self._find_fault(pair[1], split)))

    def _find_fault(self, page: str, split: str) -> str:
        if page in self.missing:
            return MISSING
        if page not in self._known:
            return UNKNOWN
        return "" if self.split_of(page) == split else OTHER_SPLIT
