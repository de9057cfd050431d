"""A fact of a report, and the ledger of figures that all tables, charts and sentences are written from."""

from __future__ import annotations

from dataclasses import dataclass, field

Key = tuple[str, str, int]


@dataclass(frozen=True)
class Fact:
    """A figure as it stands on a page: `value` is the text there ("1,284.6", "12.4%"), `where` table, chart or prose.

    `segment` and `region` are empty for the whole company.
    """

    company: str
    metric: str
    segment: str
    region: str
    year: int
    value: str
    unit: str
    where: str


@dataclass
class Ledger:
    """All figures of one company, by (metric, segment or region or "", fiscal year)."""

    company: str
    currency: str
    regions: tuple[str, ...]
    figures: dict[Key, float] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)

    def put(self, metric: str, part: str, year: int, figure: float) -> None:
        self.figures[metric, part, year] = figure

    def get(self, metric: str, year: int, part: str = "") -> float:
        return self.figures[metric, part, year]

    def label(self, metric: str) -> str:
        """What this company calls the metric ("Net sales" for "Revenue")."""
        return self.labels.get(metric, metric)

    def value(self, metric: str, year: int, part: str = "") -> str:
        """The figure as tables print it."""
        return format_figure(self.get(metric, year, part), unit_of(metric, self.currency))

    def fact(self, metric: str, year: int, part: str, where: str) -> Fact:
        region = part if part in self.regions else ""
        segment = "" if region else part
        unit = unit_of(metric, self.currency)
        value = self.value(metric, year, part)
        return Fact(self.company, self.label(metric), segment, region, year, value, unit, where)


SHARES = ("Earnings per share", "Dividend per share")
COUNTS = ("Employees", "Production sites", "Lost-time injuries")


def unit_of(metric: str, currency: str) -> str:
    """ "EUR million", "EUR", "%" or "" (a count)."""
    if metric in SHARES:
        return currency
    if metric in COUNTS:
        return ""
    return "%" if metric.endswith(("growth", "margin", "rate", "managers", "turnover")) else f"{currency} million"


def format_figure(figure: float, unit: str) -> str:
    if unit == "":
        return f"{figure:,.0f}"
    if unit == "%":
        return f"{figure:.1f}%"
    return f"{figure:,.1f}" if unit.endswith("million") else f"{figure:.2f}"
