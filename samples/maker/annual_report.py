"""An annual report: cover, letter, key figures, segments, regions, accounts, notes, people and risks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from maker import blocks
from maker.company import Company
from maker.composer import Composer
from maker.facts import Ledger
from maker.figures import ASSETS, LIABILITIES
from maker.furniture import cover, running
from maker.sheets import Made, Sheet, write_pdf


def write_report(company: Company, ledger: Ledger, folder: Path) -> Made:
    """Write `<folder>/<stem>.pdf` with the pages that the company's report has."""
    theme = company.theme
    foot = (company.story.strapline, f"For the year ended {company.ended}", f"www.{company.short.lower()}.example")
    front = cover(theme, company.name, ("Annual Report", f"{company.year}"), foot)
    sheets = [Sheet("cover", paint=front)]
    paint = running(theme, company.name, f"Annual Report {company.year}")
    for name in company.pages:
        composer = Composer(company, ledger)
        PAGES[name](composer)
        sheets.append(composer.sheet(name, paint))
    return write_pdf(folder / f"{company.stem}.pdf", f"Annual Report {company.year}", company.name, sheets)


def _money(composer: Composer) -> str:
    return f"{composer.company.sign} million"


def _letter(composer: Composer) -> None:
    story = composer.company.story
    composer.head("Letter to shareholders")
    composer.text("Dear shareholders,")
    for paragraph in story.letter:
        composer.text(paragraph)
    composer.flowables.append(blocks.gap(14))
    composer.text(f"<b>{story.signed[0]}</b><br/>{story.signed[1]}")


def _glance(composer: Composer) -> None:
    years = composer.company.years(5)
    composer.head("Five years at a glance")
    label = composer.ledger.label("Revenue")
    composer.head(f"{label}, {_money(composer)}", 3)
    composer.years_chart("Revenue", years[::-1])
    composer.note(f"{label} of the group by fiscal year.")
    names = (
        "Revenue",
        "Operating profit",
        "Operating margin",
        "Profit for the year",
        "Free cash flow",
        "Shareholders' equity",
        "Earnings per share",
        "Dividend per share",
        "Employees",
    )
    rows = [(composer.ledger.label(n), n, "") for n in names]
    composer.head("Key figures", 2)
    composer.table(f"{_money(composer)} unless stated", rows, years)
    composer.note("Per-share amounts in " + composer.company.sign + ". Employees at the end of the year, full-time.")


def _segments(composer: Composer) -> None:
    company, ledger = composer.company, composer.ledger
    composer.head("Performance by segment")
    for paragraph in company.story.segments:
        composer.text(paragraph)
    for metric, last in (("Revenue", "Group"), ("Operating profit", "Group")):
        rows = [(name, metric, name) for name in company.segment_names]
        if metric == "Operating profit":
            rows.append(("Central costs (deducted)", "Central costs", ""))
        rows.append((last, metric, ""))
        composer.head(f"{ledger.label(metric)} by segment", 2)
        composer.table(_money(composer), rows, company.years(), [len(rows)])
    composer.head(f"Change in {ledger.label('Revenue').lower()} from the year before", 2)
    composer.table("Per cent", [(n, "Revenue growth", n) for n in company.segment_names], company.years())


def _regions(composer: Composer) -> None:
    company = composer.company
    label = composer.ledger.label("Revenue")
    composer.head("Our markets")
    for paragraph in company.story.regions:
        composer.text(paragraph)
    composer.head(f"{label} by region, {company.year}, {_money(composer)}", 2)
    composer.parts_chart("Revenue", company.region_names, company.year)
    composer.note(f"{label} by location of the customer.")
    rows = [(name, "Revenue", name) for name in company.region_names]
    composer.head("Three-year development", 2)
    composer.table(_money(composer), [*rows, ("Total", "Revenue", "")], company.years(), [len(rows) + 1])
    composer.head("Change from the year before", 2)
    composer.table("Per cent", [(n, "Revenue growth", n) for n in company.region_names], company.years(2))


def _income(composer: Composer) -> None:
    names = (
        "Revenue",
        "Cost of sales",
        "Gross profit",
        "Selling expenses",
        "Administrative expenses",
        "Research and development",
        "Operating profit",
        "Net finance costs",
        "Profit before tax",
        "Income tax",
        "Profit for the year",
        "Earnings per share",
        "Dividend per share",
    )
    rows = [(composer.ledger.label(n), n, "") for n in names]
    composer.head("Consolidated income statement")
    composer.note(
        f"Years ended {composer.company.ended.rsplit(' ', 1)[0].rstrip(',')}; {_money(composer)}, per share "
        f"in {composer.company.sign}. Costs are shown as positive amounts and deducted."
    )
    composer.table(_money(composer), rows, composer.company.years(), (1, 3, 7, 9, 11))
    composer.head("Comments on the result", 2)
    for paragraph in composer.company.story.income:
        composer.text(paragraph)


def _position(composer: Composer) -> None:
    years = composer.company.years(2)
    composer.head("Balance sheet and cash flow")
    for title, names, total in (
        ("Assets", tuple(ASSETS), "Total assets"),
        ("Liabilities and equity", tuple(LIABILITIES), "Total liabilities"),
        ("Cash flow", ("Operating cash flow", "Capital expenditure", "Free cash flow"), "Dividends paid"),
    ):
        rows = [(composer.ledger.label(n), n, "") for n in (*names, total)]
        if total == "Total liabilities":
            rows.append((composer.ledger.label("Shareholders' equity"), "Shareholders' equity", ""))
        totals = [len(rows)] if title != "Cash flow" else [3]
        composer.head(title, 2)
        composer.table(_money(composer), rows, years, totals)
    for paragraph in composer.company.story.position:
        composer.text(paragraph)


def _notes(composer: Composer) -> None:
    company = composer.company
    composer.head("Notes to the accounts")
    texts = company.story.notes
    for number, metric in ((1, "Capital expenditure"), (2, "Depreciation")):
        label = composer.ledger.label(metric)
        rows = [*((n, metric, n) for n in company.segment_names), ("Group", metric, "")]
        composer.head(f"Note {number}. {label} by segment", 2)
        composer.text(texts[number - 1])
        composer.table(_money(composer), rows, company.years(), [len(rows)])
    for number, paragraph in enumerate(texts[2:], 3):
        title, _, rest = paragraph.partition(": ")
        composer.head(f"Note {number}. {title}", 2)
        composer.text(rest)


def _people(composer: Composer) -> None:
    company = composer.company
    composer.head("People and risks")
    for paragraph in company.story.people:
        composer.text(paragraph)
    rows = [*((n, "Employees", n) for n in company.region_names), ("Group", "Employees", "")]
    composer.head("Employees by region at the end of the year", 2)
    composer.table("Full-time equivalents", rows, company.years(), [len(rows)])
    names = ("Women managers", "Voluntary turnover", "Lost-time injuries")
    composer.table("Other indicators", [(composer.ledger.label(n), n, "") for n in names], company.years())
    composer.head("Principal risks", 2)
    for title, text in company.story.risks:
        composer.text(f"<b>{title}.</b> {text}")


PAGES: dict[str, Callable[[Composer], None]] = {
    "letter": _letter,
    "glance": _glance,
    "segments": _segments,
    "regions": _regions,
    "income": _income,
    "position": _position,
    "notes": _notes,
    "people": _people,
}
