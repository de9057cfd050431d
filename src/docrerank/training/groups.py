"""The mixture: mined groups (one query, several pages) and generated groups (one page, several queries)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from docrerank.recipe import Train
from docrerank.records import MinedPage, Query, TrainingGroup
from docrerank.runs import sort_by_hash


@dataclass(frozen=True, slots=True)
class Group:
    """A training group, the line of the positive page that answers it, and the other pages known to answer it."""

    group: TrainingGroup
    evidence: str
    answered_by: frozenset[str] = frozenset()


@dataclass(slots=True)
class Family:
    """A positive with all that was made from it."""

    positive: Query
    rephrased: list[Query] = field(default_factory=list)
    negatives: list[Query] = field(default_factory=list)
    mined: list[MinedPage] = field(default_factory=list)

    def answering(self) -> frozenset[str]:
        """The other pages that answer the positive, or one of its rephrasings, as far as is known."""
        return frozenset(page for query in (self.positive, *self.rephrased) for page in query.answered_by)


def build_groups(
    queries: Iterable[Query], mined: Iterable[MinedPage], pages: frozenset[str], settings: Train, seed: int
) -> list[Group]:
    """Build the groups of one epoch, in the order of training.

    Only queries and negatives on `pages` count. The share of each kind is kept: if one kind is short, the other is cut
    down to its share, unless the share asks for one kind alone. A positive gives one group of each kind at most.
    Which positives, and which of their groups are rephrased, follows from the seed.
    """
    families = find_families(queries, mined, pages)
    by_kind = {
        "mined": list(_mined_groups(families, settings, seed)),
        "generated": list(_generated_groups(families, settings, seed)),
    }
    wanted = count_groups(len(by_kind["mined"]), len(by_kind["generated"]), settings)
    chosen = [(kind, group) for kind, count in wanted.items() for group in by_kind[kind][:count]]
    keyed = {f"{kind}\n{index}": group for index, (kind, group) in enumerate(chosen)}
    return [keyed[key] for key in sort_by_hash(list(keyed), seed + 1)]


def count_groups(mined: int, generated: int, settings: Train) -> dict[str, int]:
    """How many groups of each kind are taken from those there are.

    Example:
        >>> count_groups(100, 40, Train(groups=1000, mined_share=0.5))
        {'mined': 40, 'generated': 40}
    """
    share = settings.mined_share
    total = float(settings.groups)
    total = min(total, mined / share) if share > 0 else total
    total = min(total, generated / (1 - share)) if share < 1 else total
    from_mined = round(total * share)
    return {"mined": min(mined, from_mined), "generated": min(generated, round(total) - from_mined)}


def find_families(queries: Iterable[Query], mined: Iterable[MinedPage], pages: frozenset[str]) -> dict[str, Family]:
    """Positives on these pages with their rephrasings, hard negatives and mined pages, by the positive's id.

    What the records themselves say to be answered is never a negative: a hard negative with the words of a positive
    or a rephrasing of its page, or with its page in `answered_by`; a mined page in `answered_by` of the query.
    """
    kept = [query for query in queries if query.page_id in pages]
    families = {query.id: Family(query) for query in kept if query.kind == "positive"}
    asked = {(query.page_id, _flatten(query.text)) for query in kept if query.kind != "hard_negative"}
    for query in kept:
        if query.source_id not in families:
            continue
        family = families[query.source_id]
        if query.kind == "rephrased":
            family.rephrased.append(query)
        elif (query.page_id, _flatten(query.text)) not in asked and query.page_id not in query.answered_by:
            family.negatives.append(query)
    for row in mined:
        if row.query_id in families and row.page_id in pages and row.page_id not in families[row.query_id].answering():
            families[row.query_id].mined.append(row)
    return families


def _flatten(text: str) -> str:
    """A query without its case, its spacing and its closing mark: two that differ in these alone are one."""
    return " ".join(text.casefold().split()).rstrip("?. ")


def _mined_groups(families: Mapping[str, Family], settings: Train, seed: int) -> Iterator[Group]:
    for family, text in _draw(families, "mined", settings, seed):
        found = sorted(family.mined, key=lambda row: row.rank)[: settings.negatives_per_group]
        if found:
            pages = (family.positive.page_id, *(row.page_id for row in found))
            yield Group(TrainingGroup("mined", (text,), pages), family.positive.evidence, family.answering())


def _generated_groups(families: Mapping[str, Family], settings: Train, seed: int) -> Iterator[Group]:
    for family, text in _draw(families, "generated", settings, seed):
        negatives = {query.id: query.text for query in family.negatives}
        chosen = sort_by_hash(list(negatives), seed)[: settings.negatives_per_group]
        if chosen:
            group = TrainingGroup("generated", (text, *(negatives[key] for key in chosen)), (family.positive.page_id,))
            yield Group(group, family.positive.evidence, family.answering())


def _draw(families: Mapping[str, Family], kind: str, settings: Train, seed: int) -> Iterator[tuple[Family, str]]:
    """Families in the order of the kind's draw, each with the wording of its positive."""
    order = [key.removeprefix(kind) for key in sort_by_hash([kind + key for key in families], seed)]
    rephrasable = [key for key in order if families[key].rephrased]
    reworded = {key for place, key in enumerate(rephrasable) if takes_turn(place, settings.rephrased_share)}
    for key in order:
        family = families[key]
        options: Sequence[Query] = family.rephrased if key in reworded else [family.positive]
        yield family, options[sum(key.encode()) % len(options)].text


def takes_turn(place: int, share: float) -> bool:
    """Whether this place is one of an even spread of exactly a share of all places.

    Example:
        >>> [place for place in range(10) if takes_turn(place, 0.6)]
        [0, 1, 3, 5, 6, 8]
    """
    return math.ceil(round((place + 1) * share, 9)) > math.ceil(round(place * share, 9))
