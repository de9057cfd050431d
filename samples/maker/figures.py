"""Draws a company's figures: random by its name, but as consistent with each other as a real report's.

A company is a mapping, as in `content/brankholm.yaml`; `ledger_of` draws its figures for all years from `first` to
the last it reports.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Company = Mapping[str, Any]
#: Metric, segment or region ("" for the whole company), fiscal year.
Key = tuple[str, str, int]
#: Lowest and highest share of revenue.
ASSETS = {
    "Property, plant and equipment": (0.30, 0.36),
    "Intangible assets": (0.18, 0.23),
    "Inventories": (0.13, 0.17),
    "Trade receivables": (0.15, 0.19),
    "Cash and cash equivalents": (0.07, 0.14),
}
LIABILITIES = {
    "Borrowings": (0.19, 0.26),
    "Trade payables": (0.11, 0.15),
    "Provisions": (0.02, 0.05),
    "Other liabilities": (0.04, 0.07),
}


@dataclass
class Ledger:
    """All figures of a company; its file states those in `printed` as text."""

    company: Company
    figures: dict[Key, float] = field(default_factory=dict)
    printed: dict[Key, str] = field(default_factory=dict)

    def put(self, metric: str, part: str, year: int, figure: float, digits: int = 1) -> None:
        self.figures[metric, part, year] = round(figure, digits) + 0.0  # no -0.0

    def get(self, metric: str, year: int, part: str = "") -> float:
        return self.figures[metric, part, year]

    def sum(self, metrics: Iterable[str], year: int, parts: Iterable[str] = ("",)) -> float:
        return round(sum(self.get(metric, year, part) for metric in metrics for part in parts), 1)

    def label(self, metric: str) -> str:
        """Name the metric as this company does ("Net sales" for "Revenue")."""
        label: str = self.company.get("labels", {}).get(metric, metric)
        return label

    def unit(self, metric: str) -> str:
        """ "EUR million", "EUR", "%" or "" (a count, or a text that has its unit in it)."""
        if metric in ("Earnings per share", "Dividend per share"):
            return str(self.company["currency"])
        if metric in ("Employees", "Lost-time injuries", *self.company.get("stated", ())):
            return ""
        if metric.endswith(("growth", "margin", "rate", "managers", "turnover")):
            return "%"
        return f"{self.company['currency']} million"

    def value(self, metric: str, year: int, part: str = "") -> str:
        """Print the figure as tables do."""
        key = (metric, part, year)
        return self.printed[key] if key in self.printed else self.show(self.figures[key], metric)

    def show(self, figure: float, metric: str) -> str:
        formats = {"": ",.0f", "%": ".1f", str(self.company["currency"]): ".2f"}
        unit = self.unit(metric)
        return format(figure, formats.get(unit, ",.1f")) + ("%" if unit == "%" else "")

    def money(self, value: str, metric: str) -> str:
        """Print the value as sentences do, with its currency."""
        unit = self.unit(metric)
        sign = self.company["sign"] if unit.startswith(self.company["currency"]) else ""
        return f"{sign}{value}{' million' if unit.endswith('million') else ''}"


def ledger_of(company: Company) -> Ledger:
    """Draw the figures of all years; every sum adds up in the printed digits."""
    ledger, rng = Ledger(company), random.Random(company["seed"])  # a str seeds through sha512: the same everywhere
    years = range(company["first"], company["years"][-1] + 1)
    for year in years:
        for put in (_put_segments, _put_regions, _put_income, _put_position, _put_people):
            put(ledger, rng, year)
    for year in years[1:]:
        for part in ("", *company["segments"], *company["regions"]):
            now, before = ledger.get("Revenue", year, part), ledger.get("Revenue", year - 1, part)
            ledger.put("Revenue growth", part, year, (now / before - 1) * 100)
    for metric, texts in company.get("stated", {}).items():
        ledger.printed.update({(metric, "", year): text for year, text in texts.items()})
    return ledger


def _put_segments(ledger: Ledger, rng: random.Random, year: int) -> None:
    segments, age = ledger.company["segments"], year - ledger.company["first"]
    for name, (basis, growth, margin) in segments.items():
        revenue = round(basis * (1 + growth) ** age * rng.uniform(0.965, 1.035), 1)
        ledger.put("Revenue", name, year, revenue)
        ledger.put("Operating profit", name, year, revenue * margin * rng.uniform(0.9, 1.1))
        ledger.put("Capital expenditure", name, year, revenue * rng.uniform(0.035, 0.075))
        ledger.put("Depreciation", name, year, revenue * rng.uniform(0.028, 0.05))
    for metric in ("Revenue", "Capital expenditure", "Depreciation"):
        ledger.put(metric, "", year, ledger.sum([metric], year, segments))
    ledger.put("Central costs", "", year, ledger.get("Revenue", year) * rng.uniform(0.012, 0.019))
    profit = ledger.sum(["Operating profit"], year, segments)
    ledger.put("Operating profit", "", year, profit - ledger.get("Central costs", year))


def _put_regions(ledger: Ledger, rng: random.Random, year: int) -> None:
    left = revenue = ledger.get("Revenue", year)
    *others, last = ledger.company["regions"].items()
    for name, share in others:
        ledger.put("Revenue", name, year, revenue * share * rng.uniform(0.94, 1.06))
        left -= ledger.get("Revenue", year, name)
    ledger.put("Revenue", last[0], year, left)


def _put_income(ledger: Ledger, rng: random.Random, year: int) -> None:
    revenue, profit = ledger.get("Revenue", year), ledger.get("Operating profit", year)
    for name, low, high in (
        ("Cost of sales", 0.61, 0.65),
        ("Selling expenses", 0.085, 0.105),
        ("Research and development", 0.021, 0.034),
        ("Net finance costs", 0.008, 0.014),
    ):
        ledger.put(name, "", year, revenue * rng.uniform(low, high))
    gross = revenue - ledger.get("Cost of sales", year)
    spent = ledger.sum(["Selling expenses", "Research and development"], year)
    before = profit - ledger.get("Net finance costs", year)
    tax = round(before * rng.uniform(0.22, 0.26), 1)
    lines = {"Gross profit": gross, "Administrative expenses": gross - spent - profit, "Profit before tax": before,
             "Income tax": tax, "Profit for the year": before - tax}  # fmt: skip
    for name, figure in lines.items():
        ledger.put(name, "", year, figure)
    ledger.put("Operating margin", "", year, profit / revenue * 100)
    ledger.put("Tax rate", "", year, tax / before * 100)
    share = (before - tax) / ledger.company["shares"]
    ledger.put("Earnings per share", "", year, share, 2)
    ledger.put("Dividend per share", "", year, share * rng.uniform(0.38, 0.46), 2)


def _put_position(ledger: Ledger, rng: random.Random, year: int) -> None:
    revenue = ledger.get("Revenue", year)
    for name, (low, high) in {**ASSETS, **LIABILITIES}.items():
        ledger.put(name, "", year, revenue * rng.uniform(low, high))
    assets, owed = ledger.sum(ASSETS, year), ledger.sum(LIABILITIES, year)
    cash = round(ledger.get("Operating profit", year) * rng.uniform(1.05, 1.35), 1)
    lines = {"Total assets": assets, "Total liabilities": owed, "Shareholders' equity": assets - owed,
             "Operating cash flow": cash, "Free cash flow": cash - ledger.get("Capital expenditure", year),
             "Dividends paid": ledger.get("Profit for the year", year) * rng.uniform(0.3, 0.4)}  # fmt: skip
    for name, figure in lines.items():
        ledger.put(name, "", year, figure)


def _put_people(ledger: Ledger, rng: random.Random, year: int) -> None:
    regions = ledger.company["regions"]
    for name in regions:
        ledger.put("Employees", name, year, int(ledger.get("Revenue", year, name) * rng.uniform(3.4, 5.6)))
    ledger.put("Employees", "", year, ledger.sum(["Employees"], year, regions))
    ledger.put("Women managers", "", year, rng.uniform(24, 39))
    ledger.put("Voluntary turnover", "", year, rng.uniform(5, 12))
    ledger.put("Lost-time injuries", "", year, rng.randint(11, 48))
