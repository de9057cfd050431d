"""The mixture: mined groups (one query, several pages) and generated groups (one page, several queries)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from docrerank.queries import Family, find_families
from docrerank.recipe import Train
from docrerank.records import MinedPage, Query, TrainingGroup
from docrerank.runs import sort_by_hash


@dataclass(frozen=True, slots=True)
class Group:
    """A training group and the line of the positive page that answers it."""

    group: TrainingGroup
    evidence: str
    answered_by: frozenset[str] = frozenset()


def build_groups(
    queries: Iterable[Query], mined: Iterable[MinedPage], pages: frozenset[str], settings: Train, seed: int
) -> list[Group]:
    """Build the groups of one epoch, in the order of training.

    Only queries and negatives on `pages` count. The share of each kind is kept: if one kind is short, the other is cut
    down to its share, unless the share asks for one kind alone. A positive gives one group of each kind at most.
    Which positives, and which of their groups are rephrased, follows from the seed.
    """
    families = find_families(query for query in queries if query.page_id in pages)
    _add_mined(families, mined, pages)
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


def _add_mined(families: dict[str, Family], mined: Iterable[MinedPage], pages: frozenset[str]) -> None:
    """Give every family its mined pages on these pages, the closest first; none that is known to answer."""
    for row in sorted(mined, key=lambda row: row.rank):
        family = families.get(row.query_id)
        if family and row.page_id in pages and row.page_id not in family.answering():
            family.mined.append(row.page_id)


def _mined_groups(families: dict[str, Family], settings: Train, seed: int) -> Iterator[Group]:
    usable = {key: family for key, family in families.items() if family.mined}
    for family, text in choose_wordings(_shuffle(usable, "mined", seed), settings.rephrased_share):
        pages = (family.positive.page_id, *family.mined[: settings.negatives_per_group])
        group = TrainingGroup("mined", (text,), pages)
        yield Group(group, family.positive.evidence, frozenset(family.answering()))


def _generated_groups(families: dict[str, Family], settings: Train, seed: int) -> Iterator[Group]:
    usable = {key: family for key, family in families.items() if family.negatives}
    for family, text in choose_wordings(_shuffle(usable, "generated", seed), settings.rephrased_share):
        negatives = {query.id: query.text for query in family.negatives}
        chosen = sort_by_hash(list(negatives), seed)[: settings.negatives_per_group]
        queries = (text, *(negatives[key] for key in chosen))
        group = TrainingGroup("generated", queries, (family.positive.page_id,))
        yield Group(group, family.positive.evidence, frozenset(family.answering()))


def _shuffle(families: dict[str, Family], kind: str, seed: int) -> list[Family]:
    """In the order of the kind's draw."""
    return [families[key.removeprefix(kind)] for key in sort_by_hash([kind + key for key in families], seed)]


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
