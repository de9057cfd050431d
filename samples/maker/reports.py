"""Annual reports of random companies with their facts beside them, to measure a judge against known truth."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from maker.annual_report import write_report
from maker.figures import build_ledger
from maker.random_companies import make_companies
from maker.sheets import Made

Row = dict[str, str | int]


def write_reports(count: int, folder: Path, seed: int = 0) -> list[Row]:
    """Write `count` PDFs and `facts.json` into `folder`; return the facts.

    A row is {document, page, company, metric, segment, region, year, value, unit, where}: one figure on one page. All
    figures of table cells, chart labels and sentences that have a fiscal year are there; what could be worked out from
    them (a difference, a share) is not. `segment` and `region` are "" for the whole company.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rows: list[Row] = []
    for company in make_companies(count, seed):
        rows += fact_rows(write_report(company, build_ledger(company), folder))
    (folder / "facts.json").write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return rows


def fact_rows(made: Made) -> list[Row]:
    return [
        {"document": made.stem, "page": page, **asdict(fact)} for page, facts in made.facts.items() for fact in facts
    ]
