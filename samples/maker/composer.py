"""Composes a page of a report from the ledger and notes each fact that it puts there."""

from __future__ import annotations

import re
from collections.abc import Sequence

from reportlab.platypus import Flowable

from maker import blocks
from maker.charts import Series, draw_bars, draw_rows
from maker.company import Company
from maker.facts import Fact, Ledger
from maker.sheets import WIDTH, Paint, Sheet

PLACE = re.compile(r"\{([^{}|]+)\|(-?\d)(?:\|([^{}|]+))?\}")
Row = tuple[str, str, str]


class Composer:
    """One page in the making. Rows of tables are (text, metric, part)."""

    def __init__(self, company: Company, ledger: Ledger) -> None:
        self.company, self.ledger, self.theme = company, ledger, company.theme
        self.flowables: list[Flowable] = []
        self.facts: list[Fact] = []

    def head(self, text: str, level: int = 1) -> None:
        self.flowables.append(blocks.heading(self.theme, text.replace("&", "&amp;"), level))

    def text(self, template: str) -> None:
        self.flowables.append(blocks.body(self.theme, self.fill(template).replace("&", "&amp;")))

    def note(self, text: str) -> None:
        self.flowables.append(blocks.note(self.theme, text.replace("&", "&amp;")))

    def fill(self, template: str) -> str:
        """The template with its places filled; every figure in it is noted as a fact."""
        return PLACE.sub(self._fill_place, template)

    def _fill_place(self, match: re.Match[str]) -> str:
        metric, shift, part = match[1], int(match[2]), match[3] or ""
        year = self.company.year + shift
        if metric == "year":
            return str(year)
        fact = self._note(metric, year, part, "prose")
        money = fact.unit.startswith(self.company.currency)
        tail = " million" if fact.unit.endswith("million") else ""
        return f"{self.company.sign if money else ''}{fact.value}{tail}"

    def _note(self, metric: str, year: int, part: str, where: str) -> Fact:
        fact = self.ledger.fact(metric, year, part, where)
        self.facts.append(fact)
        return fact

    def table(self, head: str, rows: Sequence[Row], years: Sequence[int], totals: Sequence[int] = ()) -> None:
        """Rows by years; `totals` count from 1, the first row under the head."""
        cells = [[head, *map(str, years)]]
        for text, metric, part in rows:
            cells.append([text, *(self._note(metric, year, part, "table").value for year in years)])
        number = min(66.0, WIDTH * 0.55 / len(years))
        widths = [WIDTH - number * len(years), *[number] * len(years)]
        solid = not self.theme.serif
        self.flowables.append(blocks.grid(self.theme, cells, widths, totals, solid=solid))

    def years_chart(self, metric: str, years: Sequence[int], height: float = 150) -> None:
        facts = [self._note(metric, year, "", "chart") for year in years]
        row = Series(metric, [self.ledger.get(metric, y) for y in years], [f.value for f in facts])
        self.flowables.append(draw_bars(self.theme, [str(y) for y in years], [row], WIDTH, height))

    def parts_chart(self, metric: str, parts: Sequence[str], year: int) -> None:
        facts = [self._note(metric, year, part, "chart") for part in parts]
        row = Series(metric, [self.ledger.get(metric, year, p) for p in parts], [f.value for f in facts])
        self.flowables.append(draw_rows(self.theme, parts, row, WIDTH))

    def sheet(self, name: str, paint: Paint) -> Sheet:
        return Sheet(name, self.flowables, paint, facts=tuple(dict.fromkeys(self.facts)))
