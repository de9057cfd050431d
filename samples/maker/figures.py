"""The figures of a company: random by its stem, but consistent with each other like a real report's."""

from __future__ import annotations

from random import Random

from maker.company import Company
from maker.facts import Ledger
from maker.sheets import seed_for

SPAN = 6


def build_ledger(company: Company) -> Ledger:
    """Figures of the last six years; every sum adds up in the digits that are printed."""
    ledger = Ledger(company.name, company.currency, company.region_names, labels=dict(company.labels))
    rng = seed_for(company.stem)
    for year in reversed(company.years(SPAN)):
        _put_segments(company, ledger, rng, year)
        _put_regions(company, ledger, rng, year)
        _put_income(company, ledger, rng, year)
        _put_position(ledger, rng, year)
        _put_people(company, ledger, rng, year)
    for year in company.years(SPAN - 1):
        _put_growth(company, ledger, year)
    return ledger


def _put_segments(company: Company, ledger: Ledger, rng: Random, year: int) -> None:
    age = year - company.years(SPAN)[-1]
    for part in company.segments:
        revenue = round(part.revenue * (1 + part.growth) ** age * rng.uniform(0.965, 1.035), 1)
        ledger.put("Revenue", part.name, year, revenue)
        ledger.put("Operating profit", part.name, year, round(revenue * part.margin * rng.uniform(0.9, 1.1), 1))
        ledger.put("Capital expenditure", part.name, year, round(revenue * rng.uniform(0.035, 0.075), 1))
        ledger.put("Depreciation", part.name, year, round(revenue * rng.uniform(0.028, 0.05), 1))
    for metric in ("Revenue", "Capital expenditure", "Depreciation"):
        ledger.put(metric, "", year, _sum(ledger, metric, company.segment_names, year))
    central = round(ledger.get("Revenue", year) * rng.uniform(0.012, 0.019), 1)
    ledger.put("Central costs", "", year, central)
    profit = _sum(ledger, "Operating profit", company.segment_names, year) - central
    ledger.put("Operating profit", "", year, round(profit, 1))


def _put_regions(company: Company, ledger: Ledger, rng: Random, year: int) -> None:
    left = ledger.get("Revenue", year)
    for name, share in company.regions[:-1]:
        part = round(ledger.get("Revenue", year) * share * rng.uniform(0.94, 1.06), 1)
        ledger.put("Revenue", name, year, part)
        left -= part
    ledger.put("Revenue", company.regions[-1][0], year, round(left, 1))


def _put_income(company: Company, ledger: Ledger, rng: Random, year: int) -> None:
    revenue, profit = ledger.get("Revenue", year), ledger.get("Operating profit", year)
    lines = {
        "Cost of sales": revenue * rng.uniform(0.61, 0.65),
        "Selling expenses": revenue * rng.uniform(0.085, 0.105),
        "Research and development": revenue * rng.uniform(0.021, 0.034),
        "Net finance costs": revenue * rng.uniform(0.008, 0.014),
    }
    rounded = {name: round(figure, 1) for name, figure in lines.items()}
    gross = revenue - rounded["Cost of sales"]
    rounded["Gross profit"] = gross
    rounded["Administrative expenses"] = (
        gross - rounded["Selling expenses"] - rounded["Research and development"] - profit
    )
    before = profit - rounded["Net finance costs"]
    rounded["Profit before tax"] = before
    rounded["Income tax"] = round(before * rng.uniform(0.22, 0.26), 1)
    net = before - rounded["Income tax"]
    rounded["Profit for the year"] = net
    for name, figure in rounded.items():
        ledger.put(name, "", year, round(figure, 1))
    ledger.put("Earnings per share", "", year, round(net / company.shares, 2))
    ledger.put("Dividend per share", "", year, round(net / company.shares * rng.uniform(0.38, 0.46), 2))
    ledger.put("Operating margin", "", year, round(profit / revenue * 100, 1))
    ledger.put("Tax rate", "", year, round(rounded["Income tax"] / before * 100, 1))


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


def _put_position(ledger: Ledger, rng: Random, year: int) -> None:
    revenue = ledger.get("Revenue", year)
    for name, (low, high) in {**ASSETS, **LIABILITIES}.items():
        ledger.put(name, "", year, round(revenue * rng.uniform(low, high), 1))
    assets, owed = _total(ledger, ASSETS, year), _total(ledger, LIABILITIES, year)
    cash = round(ledger.get("Operating profit", year) * rng.uniform(1.05, 1.35), 1)
    ledger.put("Total assets", "", year, assets)
    ledger.put("Total liabilities", "", year, owed)
    ledger.put("Shareholders' equity", "", year, round(assets - owed, 1))
    ledger.put("Operating cash flow", "", year, cash)
    ledger.put("Free cash flow", "", year, round(cash - ledger.get("Capital expenditure", year), 1))
    ledger.put("Dividends paid", "", year, round(ledger.get("Profit for the year", year) * rng.uniform(0.3, 0.4), 1))


def _put_people(company: Company, ledger: Ledger, rng: Random, year: int) -> None:
    heads = 0
    for name in company.region_names:
        count = int(ledger.get("Revenue", year, name) * rng.uniform(3.4, 5.6))
        ledger.put("Employees", name, year, count)
        heads += count
    ledger.put("Employees", "", year, heads)
    ledger.put("Women managers", "", year, round(rng.uniform(24, 39), 1))
    ledger.put("Voluntary turnover", "", year, round(rng.uniform(5, 12), 1))
    ledger.put("Lost-time injuries", "", year, rng.randint(11, 48))


def _put_growth(company: Company, ledger: Ledger, year: int) -> None:
    for part in ("", *company.segment_names, *company.region_names):
        now, before = ledger.get("Revenue", year, part), ledger.get("Revenue", year - 1, part)
        ledger.put("Revenue growth", part, year, round((now / before - 1) * 100, 1))


def _sum(ledger: Ledger, metric: str, parts: tuple[str, ...], year: int) -> float:
    return round(sum(ledger.get(metric, year, part) for part in parts), 1)


def _total(ledger: Ledger, metrics: dict[str, tuple[float, float]], year: int) -> float:
    return round(sum(ledger.get(metric, year) for metric in metrics), 1)
