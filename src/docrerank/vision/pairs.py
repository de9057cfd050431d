"""A step's groups as (query, page) pairs, sorted by page and cut into pieces that fit one forward."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from docrerank.records import TrainingGroup


@dataclass(frozen=True, slots=True)
class Pair:
    """One (query, page) pair of a step.

    Attributes:
        query: its text.
        page: its id.
        positive: whether the page answers.
        group: number of its group in the step.
    """

    query: str
    page: str
    positive: bool
    group: int


Unit = list[Pair]


def list_pairs(groups: Sequence[TrainingGroup]) -> list[Pair]:
    """All pairs of a step's groups, each group's positive first.

    Examples:
        >>> [pair.positive for pair in list_pairs([TrainingGroup("mined", ("q",), ("a/1", "a/2"))])]
        [True, False]
    """
    return [
        Pair(query, page, place == 0, number)
        for number, group in enumerate(groups)
        for place, (query, page) in enumerate(group.pairs())
    ]


def cut_units(pairs: Sequence[Pair], whole_groups: bool) -> list[Unit]:
    """What must stay together: a group if the loss compares its pairs, else a page with all that is asked of it."""
    units: dict[int | str, Unit] = {}
    for pair in pairs:
        units.setdefault(pair.group if whole_groups else pair.page, []).append(pair)
    return sorted(units.values(), key=lambda unit: unit[0].page)


def share_units(units: Sequence[Unit], world: int, tokens: Callable[[Unit], int]) -> list[list[Unit]]:
    """Units for each of several processes, whole and in order, so that all have about as many tokens.

    The longest go first, each to the process that has least: no process has more than 4/3 of what the best sharing
    would give it (Graham 1969).
    """
    shares: list[list[int]] = [[] for _ in range(world)]
    loads = [0] * world
    for place in sorted(range(len(units)), key=lambda place: (-tokens(units[place]), place)):
        least = loads.index(min(loads))
        shares[least].append(place)
        loads[least] += tokens(units[place])
    return [[units[place] for place in sorted(share)] for share in shares]


def group_by_page(pairs: Sequence[Pair]) -> dict[str, list[Pair]]:
    """Pairs by page: each page is one packed row."""
    pages: dict[str, list[Pair]] = {}
    for pair in pairs:
        pages.setdefault(pair.page, []).append(pair)
    return pages


def cut_pieces(units: Sequence[Unit], tokens: Callable[[Sequence[Pair]], int], budget: int) -> list[list[Pair]]:
    """Cut units, in order, into pieces of at most `budget` tokens, one unit at least; see `count_tokens`."""
    pieces: list[list[Pair]] = []
    for unit in units:
        joined = [*pieces[-1], *unit] if pieces else unit
        if pieces and tokens(joined) <= budget:
            pieces[-1] = joined
        else:
            pieces.append(list(unit))
    return pieces


def count_tokens(pairs: Sequence[Pair], page: Callable[[str], int], query: Callable[[str], int]) -> int:
    """Padded tokens of pairs as packed rows: rows times the longest, by the lengths of pages and queries."""
    rows = group_by_page(pairs)
    return len(rows) * max(page(name) + sum(query(pair.query) for pair in row) for name, row in rows.items())
