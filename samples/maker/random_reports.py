"""Writes annual reports of random companies with their facts beside them, to measure a judge against known truth."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from random import Random
from string import Template
from typing import Any

from maker.content import read_content
from maker.figures import Company, ledger_of
from maker.report import Report, compose_report
from maker.sheets import write_document

Row = dict[str, str | int]


def write_reports(count: int, folder: Path, seed: int = 0) -> list[Row]:
    """Write `count` PDFs and `facts.json` into `folder`; return the facts. The first reports stay when `count` grows.

    A row is {document, page, company, metric, segment, region, year, value, unit, where}: one figure on one page. All
    figures of table cells, chart labels and sentences that have a fiscal year are there; what could be worked out from
    them (a difference, a share) is not. `segment` and `region` are "" for the whole company.
    """
    folder.mkdir(parents=True, exist_ok=True)
    layout, parts = read_content("annual-report"), read_content("random-companies")
    rows: list[Row] = []
    for number in range(count):
        company = make_company(number, seed, parts)
        report = compose_report(ledger_of(company), company["years"][-1], layout)
        write_document(report.document, folder)
        rows += _list_facts(report)
    (folder / "facts.json").write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return rows


def read_labels() -> list[dict[str, str]]:
    """List what random companies may call their metrics."""
    labels: list[dict[str, str]] = read_content("random-companies")["labels"]
    return labels


def _list_facts(report: Report) -> list[Row]:
    stem = report.document["stem"]
    return [{"document": stem, "page": n, **asdict(f)} for n, facts in enumerate(report.facts, 1) for f in facts]


def make_company(number: int, seed: int, parts: dict[str, Any], years: tuple[int, int] = (2016, 2024)) -> Company:
    """Draw the company of a number, with a report of one of the years; another seed draws others."""
    first, rng = parts["first"], Random(f"report {seed} {number}")
    short = first[number % len(first)] + ("" if number < len(first) else f" {_roman(number // len(first) + 1)}")
    sector = rng.choice(sorted(parts["sectors"]))
    segments = {name: _draw_segment(rng) for name in rng.sample(parts["sectors"][sector], rng.randint(3, 4))}
    regions = rng.sample(parts["regions"], rng.randint(3, 5))
    year, (currency, sign), colours = rng.randint(*years), rng.choice(parts["money"]), rng.choice(parts["colours"])
    labels, glance = rng.choice(parts["labels"]), ["glance"] * (rng.random() < 0.5)
    stem = f"{short.lower().replace(' ', '-')}-{sector.lower()}-{year}"
    return {
        "stem": stem, "seed": stem, "name": f"{short} {sector} Group", "short": short.replace(" ", "-"),
        "strapline": f"{short}: a year in figures", "currency": currency, "sign": sign, "years": [year],
        "first": year - 5, "compared": 3, "comparison": "Three-year", "ended": rng.choice(parts["ends"]) + " {year|0}",
        "segments": segments, "regions": dict.fromkeys(regions, 1 / len(regions)), "labels": labels,
        "shares": round(rng.uniform(20, 90), 1), **_draw_story(list(segments), regions, parts, rng),
        "look": {**dict(zip(("accent", "pale", "second"), colours, strict=True)), "serif": rng.random() < 0.4,
                 "size": 10.4},
        "pages": [*parts["pages"][:1], *glance, *parts["pages"][1:]],
    }  # fmt: skip


def draw_questions(company: Company, bank: Sequence[Mapping[str, Any]], count: int) -> list[dict[str, Any]]:
    """Ask some questions of a bank (`content/random-questions.yaml`) of a company, as `questions` reads them."""
    rng, year = Random(f"questions {company['stem']}"), company["years"][-1]
    found = []
    for entry in rng.sample(list(bank), count):
        words = {
            "short": company["short"], "year": year, "before": year - 1, "early": company["first"] - 3,
            "seg": rng.choice(list(company["segments"])), "reg": rng.choice(list(company["regions"])),
        }  # fmt: skip
        answer, ask = (Template(text).substitute(words) for text in (entry["answer"], rng.choice(entry["ask"])))
        near = [
            {changed: Template(text).substitute(words), "absent": [str(words["early"])]}
            for changed, text in entry.get("near", {}).items()
        ]
        found.append({"answer": answer, "ask": ask, "near": near})
    return found


def _draw_segment(rng: Random) -> tuple[float, float, float]:
    return rng.uniform(60, 420), rng.uniform(-0.03, 0.1), rng.uniform(0.14, 0.22)


def _draw_story(segments: list[str], regions: list[str], parts: dict[str, Any], rng: Random) -> dict[str, Any]:
    words = {
        **dict(zip(("one", "two"), rng.sample(segments, 2), strict=True)),
        **dict(zip(("near", "far"), rng.sample(regions, 2), strict=True)),
    }
    story = {name: [Template(text).substitute(words) for text in texts] for name, texts in parts["story"].items()}
    return {"story": story, "signed": rng.choice(parts["people"]), "role": "Chief Executive"}


def _roman(number: int) -> str:
    return "I" * number if number < 4 else f"No. {number}"
