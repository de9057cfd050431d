"""The mixture: mined groups (one query, several pages) and generated groups (one page, several queries)."""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from docrerank.queries import Family, find_families
from docrerank.recipe import Train
from docrerank.records import MinedPage, Query, TrainingGroup, document_of
from docrerank.runs import Run, hash_name, sort_by_hash

#: From so many documents on, one long report may not be most of what is learned.
MIN_DOCUMENTS = 3


@dataclass(frozen=True, slots=True)
class Group:
    """A training group.

    Attributes:
        group: queries and pages, the positive first.
        evidence: the line of the positive page that answers it.
        answered_by: pages that are known to answer the positive.
        ids: of the queries, in their order; a rephrased positive keeps its source's.
    """

    group: TrainingGroup
    evidence: str
    answered_by: frozenset[str] = frozenset()
    ids: tuple[str, ...] = ()


def build_groups(families: Iterable[Family], settings: Train, seed: int) -> list[Group]:
    """Build the groups of one epoch, in the order of training.

    The share of each kind is kept: if one kind is short, the other is cut down to its share, unless the share asks for
    one kind alone. Of three documents or more, none gives more than all the others. A positive gives one group of each
    kind at most. Which positives, and which of their groups are rephrased, follows from the seed. Of all families only
    those that come first in the draw are held.
    """
    mined, generated = _Draw("mined", settings.groups, seed), _Draw("generated", settings.groups, seed)
    for family in families:
        if family.mined:
            mined.add(family)
        if family.negatives:
            generated.add(family)
    drawn = {"mined": mined.in_order(), "generated": generated.in_order()}
    wanted = count_groups(len(drawn["mined"]), len(drawn["generated"]), settings)
    chosen = {
        "mined": islice(_mined_groups(drawn["mined"], settings, seed), wanted["mined"]),
        "generated": islice(_generated_groups(drawn["generated"], settings, seed), wanted["generated"]),
    }
    keyed = {
        f"{kind}\n{index}": group for index, (kind, group) in enumerate((k, g) for k in chosen for g in chosen[k])
    }
    return [keyed[key] for key in sort_by_hash(list(keyed), seed + 1)]


def read_families(run: Run, pages: frozenset[str]) -> Iterator[Family]:
    """The families of queries on these pages with the mined ones of these pages, document by document.

    The mined pages of a document are in one part, as `mine` writes them; one part is held at a time.
    """
    left = dict.fromkeys(run.queries.names())
    for part in run.mined.names():
        rows: dict[str, list[MinedPage]] = defaultdict(list)
        for row in run.mined.read(part):
            rows[row.query_id.rpartition("/")[0]].append(row)
        for document in rows:
            if document in left:
                del left[document]
                yield from join_families(run.queries.read(document), rows[document], pages)
    for document in left:
        yield from join_families(run.queries.read(document), (), pages)


def join_families(queries: Iterable[Query], mined: Iterable[MinedPage], pages: frozenset[str]) -> Iterable[Family]:
    """Families of whole pages' queries, each with its mined pages, the closest first; none that is known to answer."""
    families = find_families(query for query in queries if query.page_id in pages)
    for row in sorted(mined, key=lambda row: row.rank):
        family = families.get(row.query_id)
        if family and row.page_id in pages and row.page_id not in family.answering():
            family.mined.append(row.page_id)
    return families.values()


class _Draw:
    """The families that come first in a kind's draw, as many as a training can use.

    Args:
        kind: has an order of its own.
        most: how many are held.
        seed: of the draw.
    """

    def __init__(self, kind: str, most: int, seed: int) -> None:
        self._kind, self._most, self._seed = kind, most, seed
        self._held: list[tuple[int, str, Family]] = []

    def add(self, family: Family) -> None:
        place = int.from_bytes(hash_name(self._kind + family.positive.id, self._seed))
        heapq.heappush(self._held, (-place, family.positive.id, family))  # the last of the draw is on top
        if len(self._held) > self._most:
            heapq.heappop(self._held)

    def in_order(self) -> list[Family]:
        """The families in the order of the draw; a document has no more than all others together."""
        families = [family for _, _, family in sorted(self._held, reverse=True)]
        sizes = Counter(document_of(family.positive.page_id) for family in families)
        if len(sizes) < MIN_DOCUMENTS:
            return families
        left = dict.fromkeys(sizes, max(1, len(families) - max(sizes.values())))
        return [family for family in families if _take(left, document_of(family.positive.page_id))]


def _take(left: dict[str, int], document: str) -> bool:
    """Count one off; whether there was one left."""
    left[document] -= 1
    return left[document] >= 0


def count_groups(mined: int, generated: int, settings: Train) -> dict[str, int]:
    """How many groups of each kind are taken from those there are.

    Examples:
        >>> count_groups(100, 40, Train(groups=1000, mined_share=0.5))
        {'mined': 40, 'generated': 40}
    """
    share = settings.mined_share
    total = float(settings.groups)
    total = min(total, mined / share) if share > 0 else total
    total = min(total, generated / (1 - share)) if share < 1 else total
    from_mined = round(total * share)
    return {"mined": min(mined, from_mined), "generated": min(generated, round(total) - from_mined)}


def _mined_groups(families: Iterable[Family], settings: Train, seed: int) -> Iterator[Group]:
    for family, text in choose_wordings(families, settings.rephrased_share):
        keys = {f"{family.positive.id}\n{page}": page for page in family.mined}
        drawn = {keys[key] for key in sort_by_hash(list(keys), seed)[: settings.negatives_per_group]}
        pages = (family.positive.page_id, *(page for page in family.mined if page in drawn))
        group = TrainingGroup("mined", (text,), pages)
        yield Group(group, family.positive.evidence, frozenset(family.answering()), (family.positive.id,))


def _generated_groups(families: Iterable[Family], settings: Train, seed: int) -> Iterator[Group]:
    for family, text in choose_wordings(families, settings.rephrased_share):
        negatives = {query.id: query.text for query in family.negatives}
        chosen = sort_by_hash(list(negatives), seed)[: settings.negatives_per_group]
        queries = (text, *(negatives[key] for key in chosen))
        group = TrainingGroup("generated", queries, (family.positive.page_id,))
        ids = (family.positive.id, *chosen)
        yield Group(group, family.positive.evidence, frozenset(family.answering()), ids)


def choose_wordings(families: Iterable[Family], share: float) -> Iterator[tuple[Family, str]]:
    """Each family with the wording of its positive.

    Of the first n families, for every n, `share` of n (rounded up) are rephrased, as far as they have rephrasings:
    families without one are made up for by the next that have.
    """
    rephrased = 0
    for count, family in enumerate(families, 1):
        options = [family.positive]
        if family.rephrased and rephrased + 1e-9 < share * count:
            options, rephrased = family.rephrased, rephrased + 1
        yield family, options[sum(family.positive.id.encode()) % len(options)].text
