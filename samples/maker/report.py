"""Writes a company's annual report: the pages of `content/annual-report.yaml`, filled with its story and its figures.

In texts `{Metric|0}` and `{Metric|-1|Part}` stand for a figure of this or an earlier year, `{year|-1}` for the year,
`[[Metric]]` for what the company calls it, and `{money}` and the like for its words. Answers also have
`{Metric|0-1}` (a difference) and `{Metric|0|max segments}`, `min regions` or `max 5` (parts or years, compared).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from maker.blocks import Block
from maker.figures import Key, Ledger

PLACE = re.compile(r"\{([^{}|]+)(?:\|([^{}|]+))?(?:\|([^{}|]+))?\}")
LABEL = re.compile(r"\[\[(.+?)\]\]")


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

    @property
    def key(self) -> Key:
        return self.metric, self.segment or self.region, self.year


@dataclass
class Report:
    """Make a document (see `sheets`) and the facts of each of its pages."""

    document: dict[str, Any]
    facts: list[tuple[Fact, ...]]


def compose_report(ledger: Ledger, year: int, layout: Mapping[str, Sequence[Block]]) -> Report:
    """Make the report of one fiscal year."""
    company = ledger.company
    words = {"ended": company["ended"].replace("{year|0}", str(year)), "name": company["name"]}
    stem, running = company["stem"].replace("{year|0}", str(year)), (company["name"], f"Annual Report {year}")
    foot = [company["strapline"], f"For the year ended {words['ended']}", f"www.{company['short'].lower()}.example"]
    cover = {"small": company["name"], "lines": ["Annual Report", str(year)], "foot": foot}
    pages: list[dict[str, Any]] = [{"name": "cover", "cover": cover}]
    facts: list[tuple[Fact, ...]] = [()]
    for name in company["pages"]:
        composer = Composer(ledger, year)
        blocks = [made for block in layout[name] for made in composer.make(block)]
        pages.append({"name": name, "blocks": blocks})
        facts.append(tuple(dict.fromkeys(composer.facts)))
    title = {"stem": stem, "title": running[1], "author": company["name"], "running": running}
    return Report({**title, "look": company["look"], "pages": pages}, facts)


@dataclass
class Composer:
    """Fills blocks for one fiscal year and notes each fact that it puts there."""

    ledger: Ledger
    year: int
    facts: list[Fact] = field(default_factory=list)

    def make(self, block: Block) -> list[dict[str, Any]]:
        """Fill a block of the layout."""
        kind = next(iter(block))
        if kind == "story":
            return self._tell(self.ledger.company["story"].get(block["story"], ()))
        if kind in ("metrics", "parts"):
            return [self._make_table(block, *self._rows(block))]
        if kind in ("year_bars", "part_rows"):
            return [self._make_chart(block)]
        return [{name: self.fill(value) if isinstance(value, str) else value for name, value in block.items()}]

    def fill(self, text: str) -> str:
        """Fill a text's places and note every figure in it as a fact."""
        return PLACE.sub(self._fill_place, LABEL.sub(self._fill_label, text))

    def _fill_label(self, match: re.Match[str]) -> str:
        label = self.ledger.label(match[1][0].upper() + match[1][1:])
        return label if match[1][0].isupper() else label.lower()

    def _fill_place(self, match: re.Match[str]) -> str:
        metric, shift, part = match[1], match[2], match[3] or ""
        company = self.ledger.company
        if shift is None:
            ended = company["ended"].replace("{year|0}", "").strip(" ,")
            money = f"{company['sign']} million"
            return str({**company, "money": money, "ended": ended}[metric])
        year = self.year + int(shift)
        if metric == "year":
            return str(year)
        return self.ledger.money(self.note(metric, year, part, "prose").value, metric)

    def note(self, metric: str, year: int, part: str, where: str) -> Fact:
        ledger = self.ledger
        region = part if part in ledger.company["regions"] else ""
        name, value = ledger.company["name"], ledger.value(metric, year, part)
        segment = "" if region else part
        fact = Fact(name, ledger.label(metric), segment, region, year, value, ledger.unit(metric), where)
        self.facts.append(fact)
        return fact

    def _tell(self, story: Iterable[str | Mapping[int, str]]) -> list[dict[str, Any]]:
        """Fill paragraphs; a mapping tells what happened in each year. "Title: text" is a note's heading."""
        blocks: list[dict[str, Any]] = []
        for told in story:
            text = told if isinstance(told, str) else told[self.year]
            head, found, rest = text.partition(" :: ")
            blocks += [{"h2": self.fill(head)}, {"p": self.fill(rest)}] if found else [{"p": self.fill(text)}]
        return blocks

    def _rows(self, block: Block) -> tuple[list[tuple[str, str, str]], list[int]]:
        """List a table's rows (text, metric, part) and the numbers of those that are sums."""
        if "metrics" in block:
            return [(self.ledger.label(name), name, "") for name in block["metrics"]], block.get("totals", [])
        rows = [(name, block["parts"], name) for name in self.ledger.company[block["of"]]]
        rows += [(text, metric, "") for text, metric in block.get("also", {}).items()]
        if "total" not in block:
            return rows, []
        return [*rows, (block["total"], block["parts"], "")], [len(rows) + 1]

    def _make_table(self, block: Block, rows: list[tuple[str, str, str]], totals: list[int]) -> dict[str, Any]:
        count = block.get("years", self.ledger.company["compared"])
        years = range(self.year, self.year - count, -1)
        cells = [[self.fill(block.get("head", "{money}")), *map(str, years)]]
        cells += [
            [text, *(self.note(metric, year, part, "table").value for year in years)] for text, metric, part in rows
        ]
        return {"table": cells, "widths": [0, *[min(66.0, 265.0 / count)] * count], "totals": totals}

    def _make_chart(self, block: Block) -> dict[str, Any]:
        if "part_rows" in block:
            parts = self.ledger.company[block["of"]]
            return {"rows": {part: self.note(block["part_rows"], self.year, part, "chart").value for part in parts}}
        years = range(self.year - block["years"] + 1, self.year + 1)
        values = [self.note(block["year_bars"], year, "", "chart").value for year in years]
        return {"bars": {block["year_bars"]: values}, "over": list(map(str, years)), "height": 150}


def answer(ledger: Ledger, year: int, text: str) -> tuple[str, set[Key]]:
    """Fill an answer's places; also return the (labelled) figures that it takes to give it."""
    needed = places(ledger, year, text)

    def fill(match: re.Match[str]) -> str:
        metric, (first, *other), part = match[1], _years(year, match[2]), match[3] or ""
        word, _, among = part.partition(" ")
        if word in ("max", "min"):
            options = _options(ledger, metric, first, among)
            best = {"max": max, "min": min}[word](options, key=lambda option: ledger.figures[option])
            value = ledger.money(ledger.value(best[0], best[2], best[1]), metric)
            return f"{best[1] or best[2]}, {value}"
        if not other:
            return ledger.money(ledger.value(metric, first, part), metric)
        change = ledger.get(metric, first, part) - ledger.get(metric, other[0], part)
        return ledger.money(ledger.show(abs(change), metric), metric)

    return PLACE.sub(fill, text), needed


def places(ledger: Ledger, year: int, text: str) -> set[Key]:
    """List the (labelled) figures that an answer's places name."""
    keys: set[Key] = set()
    for metric, shift, part in PLACE.findall(text):
        word, _, among = part.partition(" ")
        if word in ("max", "min"):
            keys.update(_options(ledger, metric, _years(year, shift)[0], among))
        else:
            keys.update((metric, part, each) for each in _years(year, shift))
    return {(ledger.label(metric), part, each) for metric, part, each in keys}


def _years(year: int, shift: str) -> list[int]:
    """Resolve "0" or "-1" to a year, or "0-1" to two."""
    _, minus, back = shift.partition("0-")
    return [year, year - int(back)] if minus else [year + int(shift)]


def _options(ledger: Ledger, metric: str, last: int, among: str) -> list[Key]:
    """List what is compared: the segments or regions in a year, or the company in its last years."""
    if among.isdigit():
        return [(metric, "", year) for year in range(last - int(among) + 1, last + 1)]
    return [(metric, part, last) for part in ledger.company[among]]
