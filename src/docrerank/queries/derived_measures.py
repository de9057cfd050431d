"""Measures that a page answers without stating them: ratios, margins and differences of the rows it shows.

A reader of a balance sheet can work out the current ratio though no line says so. The writer asks for such measures,
and the judge knows that a page with all parts of one answers it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import yaml

from docrerank.queries.facts import Fact
from docrerank.queries.index import PageIndex
from docrerank.queries.read_tables import YEAR, Table, number
from docrerank.retrieval import stem, terms, tokens

_ASIDE = re.compile(r"\([^()]{0,60}\)")
#: Label of a part to year to (amount, the line it stands on); None where the page gives two amounts.
_Figures = dict[str, dict[str, tuple[float, str] | None]]


@dataclass(frozen=True, slots=True)
class Way:
    """One way to work a measure out: (sum of `plus` - sum of `minus`) / `over`, or the sum alone without `over`."""

    plus: tuple[str, ...]
    minus: tuple[str, ...]
    over: str

    def parts(self) -> tuple[str, ...]:
        """The rows that it needs."""
        return tuple(dict.fromkeys(part for part in (*self.plus, *self.minus, self.over) if part))

    def work_out(self, amounts: dict[str, float], unit: str) -> str:
        """The measure's value as people write it; empty if there is nothing to divide by.

        Args:
            amounts: of each part.
            unit: `times`, `percent` or `amount`.
        """
        if self.over and amounts[self.over] <= 0:
            return ""
        total = sum(amounts[part] for part in self.plus) - sum(amounts[part] for part in self.minus)
        if not self.over:
            return f"{total:,.0f}"
        share = total / amounts[self.over]
        return f"{100 * share:.1f}%" if unit == "percent" else f"{share:.2f}"


@dataclass(frozen=True, slots=True)
class Measure:
    """What people call a measure, and how its parts give it."""

    names: tuple[str, ...]
    unit: str
    ways: tuple[Way, ...]

    def parts(self) -> set[str]:
        """Every row that one of the ways needs."""
        return {part for way in self.ways for part in way.parts()}


@cache
def load_measures() -> tuple[Measure, ...]:
    """The measures that `measures.yaml` lists."""
    return tuple(
        Measure(
            tuple(row["names"]),
            row["in"],
            tuple(Way(tuple(way["plus"]), tuple(way.get("minus", ())), way.get("over", "")) for way in row["ways"]),
        )
        for row in _read_data()["measures"]
    )


def read_derived(tables: Iterable[Table]) -> Iterator[Fact]:
    """Yield the measures that can be worked out from a page's tables, for each of their years."""
    figures = _collect_figures(tables)
    for measure in load_measures():
        for year, (value, evidence) in _work_out(measure, figures).items():
            for name in measure.names:
                parts = {"derived": name, "year": year}
                yield Fact("derived", value, evidence, parts, {"derived": "metric"})


def find_measure(text: str) -> Measure | None:
    """The measure that a query names, the longest name first.

    Examples:
        >>> find_measure("What was Acme's quick ratio in 2019?").names
        ('quick ratio', 'acid-test ratio')
    """
    match = _any_name().search(text)
    return _by_name()[match.group().lower()] if match else None


def can_work_out(measure: Measure, page: PageIndex) -> bool:
    """Whether a page has, for one of the ways, a line with an amount for every part."""
    lines = [line for line in page.lines if any(term[0].isdigit() for term in line)]
    there = {part for part in measure.parts() if any(form <= line for form in _forms(part) for line in lines)}
    return any(there.issuperset(way.parts()) for way in measure.ways)


def similar_measures(name: str) -> list[str]:
    """One name of each other measure, those that share most parts and words with this one first."""
    own, words = _by_name()[name], set(terms(name))
    others = [measure for measure in load_measures() if measure != own]
    others.sort(key=lambda other: -len(own.parts() & other.parts()) - len(words & set(terms(other.names[0]))))
    return [measure.names[0] for measure in others]


def _work_out(measure: Measure, figures: _Figures) -> dict[str, tuple[str, str]]:
    """Year to the measure's value and the lines that give it, by the first way that the page allows."""
    found: dict[str, tuple[str, str]] = {}
    for way in measure.ways:
        columns = {part: figures.get(part, {}) for part in way.parts()}
        for year in sorted(set.intersection(*map(set, columns.values())) - set(found), reverse=True):
            told = {part: row for part, column in columns.items() if (row := column[year]) is not None}
            if len(told) == len(columns) and (
                value := way.work_out({p: row[0] for p, row in told.items()}, measure.unit)
            ):
                found[year] = value, " ".join(dict.fromkeys(line for _, line in told.values()))
    return found


def _collect_figures(tables: Iterable[Table]) -> _Figures:
    figures: _Figures = {}
    for table in tables:
        for at, year in enumerate(table.columns):
            for row in table.rows if YEAR.fullmatch(year) and not any(table.groups) else ():
                part, amount = _parts_by_label().get(_plain(row.label), ""), number(row.values[at])
                if part and amount is not None:
                    amount = abs(amount) if part in _read_data()["outflows"] else amount
                    told = figures.setdefault(part, {}).setdefault(year, (amount, row.evidence))
                    if told is not None and told[0] != amount:
                        figures[part][year] = None
    return figures


def _plain(label: str) -> str:
    return " ".join(_ASIDE.sub(" ", label.lower()).split()).rstrip(" :").replace(" ,", ",")


@cache
def _read_data() -> dict[str, Any]:
    data = resources.files("docrerank.queries").joinpath("measures.yaml").read_bytes()
    return yaml.load(data, Loader=yaml.CSafeLoader)  # type: ignore[no-any-return]


@cache
def _parts_by_label() -> dict[str, str]:
    return {label: part for part, labels in _read_data()["parts"].items() for label in labels}


@cache
def _forms(part: str) -> tuple[frozenset[str], ...]:
    """The terms of each label of a part."""
    return tuple(frozenset(map(stem, tokens(label))) for label in _read_data()["parts"][part])


@cache
def _by_name() -> dict[str, Measure]:
    return {name: measure for measure in load_measures() for name in measure.names}


@cache
def _any_name() -> re.Pattern[str]:
    names = sorted(_by_name(), key=len, reverse=True)
    return re.compile(r"\b(?:" + "|".join(map(re.escape, names)) + r")\b", re.IGNORECASE)
