"""How often the model-free judge errs, exactly: on reports whose figures are all known, for each edited property.

    python benchmarks/judge.py [--reports 60] [--seed 5]

The sample generator writes the reports and every figure that stands on each page. Those figures alone decide a query:
it names a metric, parts (segments, regions) and years, and its page answers it if it has one metric's figures for all
of them. Queries with any other word are undecided and counted as such.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from docrerank.generation import open_roles, write_in_turn
from docrerank.pages import DrawingPool, read_files
from docrerank.queries import Rules
from docrerank.recipe import load_recipe
from docrerank.records import Page, Query
from docrerank.report.audit import Rate

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "samples"))
from maker.random_reports import read_labels, write_reports

#: Drafts of a page that are judged; as many as the writer would try.
DRAFTS = 40
_CANONICAL = {label.lower(): metric for labels in read_labels() for metric, label in labels.items()}
_EMPTY = frozenset(
    """what was were is are the a of value reported for in did come to how much many find give me figure look up under
    compare with difference between and by percentage change from vs than or which has had among s according
    highest lowest largest smallest higher lower greatest most least fiscal year""".split()
)
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")


@dataclass(frozen=True)
class Asked:
    """What a query asks for; without a metric any will do, without a part the whole company is meant."""

    metric: str
    parts: frozenset[str]
    years: frozenset[int]


@dataclass
class Truth:
    """The figures of one report, page by page, and the words that it and its like have for them."""

    figures: dict[int, set[tuple[str, str, int]]]
    company: set[str]
    metrics: dict[str, str]
    parts: set[str]
    pattern: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        words = sorted({*self.company, *self.metrics, *self.parts}, key=len, reverse=True)
        self.pattern = re.compile(r"\b(?:" + "|".join(map(re.escape, words)) + r")\b")

    def read(self, text: str) -> Asked | None:
        """What a query asks for; None if it says anything that the figures do not decide."""
        low = text.lower().replace("\u2019", "'")
        found = self.pattern.findall(low)
        metrics = {self.metrics[word] for word in found if word in self.metrics}
        parts = {word for word in found if word in self.parts}
        years = frozenset(map(int, _YEAR.findall(low)))
        rest = _YEAR.sub(" ", self.pattern.sub(" ", low))
        if len(metrics) > 1 or not (metrics or parts) or not years:
            return None
        if set(re.findall(r"[a-z0-9$%\u20ac\u00a3]+", rest)) - _EMPTY:
            return None
        return Asked(next(iter(metrics), ""), frozenset(parts), years)

    def answers(self, page: int, asked: Asked) -> bool:
        """Whether figures of this page answer it: one metric, given for every part and year that is asked about."""
        there = self.figures.get(page, set())
        for metric in {asked.metric} if asked.metric else {metric for metric, _, _ in there}:
            if all((metric, part, year) in there for part in (asked.parts or {""}) for year in asked.years):
                return True
        return False


@dataclass
class Tally:
    """What the judge said against the truth: (truly answered, judged answered) to cases, for each property."""

    cases: dict[str, Counter[tuple[bool, bool]]] = field(default_factory=lambda: defaultdict(Counter))
    undecided: Counter[str] = field(default_factory=Counter)
    errors: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def add(self, name: str, truth: bool | None, said: bool, shown: str) -> None:
        if truth is None:
            self.undecided[name] += 1
            return
        self.cases[name][truth, said] += 1
        if truth != said:
            self.errors[f"{name}, {'answered' if truth else 'not answered'}"].append(shown)

    def total(self) -> Counter[tuple[bool, bool]]:
        return sum(self.cases.values(), Counter())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reports", type=int, default=60)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--errors", type=int, default=0, help="show this many wrong judgements of each kind")
    options = parser.parse_args()
    tallies = {name: Tally() for name in ("negative", "positive", "kept")}
    pages = 0
    with tempfile.TemporaryDirectory() as folder:
        write_reports(options.reports, Path(folder), options.seed)
        facts = read_facts(Path(folder))
        for document, truth in facts.items():
            read = read_files([Path(folder) / f"{document}.pdf"])[0]
            pages += len(read)
            judge_report(read, truth, options.seed, tallies)
    print(f"{options.reports} reports, {pages} pages, seed {options.seed}")
    show(tallies)
    for name, tally in tallies.items():
        for kind, texts in tally.errors.items():
            for text in texts[: options.errors]:
                print(f"{name}: {kind}: {text}")


def judge_report(pages: list[Page], truth: Truth, seed: int, tallies: dict[str, Tally]) -> None:
    """Hold drafted positives, edits of them, and the queries that the stage keeps, against one report's figures."""
    roles = open_roles(pages, load_recipe("cpu", [f"seed={seed}"]), {}, DrawingPool())
    rules = roles.rules
    for page in pages:
        for _, source in zip(range(DRAFTS), rules.positives(page), strict=False):
            judge_source(source, page.number, rules, truth, tallies)
    written = asyncio.run(write_in_turn(pages, roles))
    for query in (query for page in written for query in page.queries):
        asked, number = truth.read(query.text), int(query.page_id.rpartition("/")[2])
        name = query.property or query.kind
        decided = None if asked is None else truth.answers(number, asked)
        tallies["kept"].add(name, decided, query.kind != "hard_negative", f"{query.text} ({query.page_id})")


def judge_source(source: Query, page: int, rules: Rules, truth: Truth, tallies: dict[str, Tally]) -> None:
    """One positive that its page answers by the figures: itself, and every edit as a negative and as a positive."""
    asked = truth.read(source.text)
    if asked is None:
        tallies["positive"].add("unedited", None, False, source.text)
        return
    shown = f"{source.text} (page {page} of {source.page_id})"
    tallies["positive"].add("unedited", truth.answers(page, asked), all_say(rules, source, True), shown)
    if not truth.answers(page, asked):
        return
    for edit in rules.negatives(source):
        other = truth.read(edit.text)
        decided = None if other is None else truth.answers(page, other)
        passed = all_say(rules, edit, False)
        shown = f"{edit.text} (from: {source.text}; {source.page_id})"
        tallies["negative"].add(edit.property, decided, not passed, shown)
        wrong = replace(source, text=edit.text)
        tallies["positive"].add(edit.property, decided, all_say(rules, wrong, True), shown)


def all_say(rules: Rules, query: Query, answerable: bool) -> bool:
    return all(verdict.answerable == answerable for verdict in rules.judge(query))


def read_facts(folder: Path) -> dict[str, Truth]:
    """The truth of every report; all reports share one vocabulary, since edits may bring words of any."""
    rows: list[dict[str, Any]] = json.loads((folder / "facts.json").read_text("utf-8"))
    metrics = {row["metric"].lower(): _CANONICAL.get(row["metric"].lower(), row["metric"]) for row in rows}
    metrics |= _CANONICAL
    parts = {part.lower() for row in rows for part in (row["segment"], row["region"]) if part}
    found: dict[str, Truth] = {}
    for document in sorted({row["document"] for row in rows}):
        own = [row for row in rows if row["document"] == document]
        figures: dict[int, set[tuple[str, str, int]]] = defaultdict(set)
        for row in own:
            key = (metrics[row["metric"].lower()], (row["segment"] or row["region"]).lower(), row["year"])
            figures[row["page"]].add(key)
        found[document] = Truth(figures, _name(own), metrics, parts)
    return found


def _name(rows: Iterable[dict[str, Any]]) -> set[str]:
    """The company's name, whole and without "Group", with and without the genitive."""
    names = {row["company"].lower() for row in rows}
    short = {name.removesuffix(" group") for name in names}
    return {form for name in names | short for form in (name, f"{name}'s", f"{name}'")}


def show(tallies: dict[str, Tally]) -> None:
    """The tables, as they stand in docs/generation.md."""
    print("\nAs a judge of hard negatives (proposed edits of positives):")
    print("| property | decided (not) | answered by the page | of these, passed | not answered | of these, refused | "
          "answered, of all that passed |")  # fmt: skip
    print("|---|---|---|---|---|---|---|")
    for name, cases in rows_of(tallies["negative"]):
        passed = cases[True, False] + cases[False, False]
        yes, no = cases[True, True] + cases[True, False], cases[False, True] + cases[False, False]
        left = tallies["negative"].undecided[name] if name != "all" else tallies["negative"].undecided.total()
        print(f"| {name} | {yes + no} ({left}) | {yes} | {tell(cases[True, False], yes)} | {no} | "
              f"{tell(cases[False, True], no)} | {tell(cases[True, False], passed)} |")  # fmt: skip
    print("\nAs a judge of positives (unedited, and edited ones put forward as positives):")
    print("| edited | decided (not) | answered by the page | of these, refused | not answered | of these, passed |")
    print("|---|---|---|---|---|---|")
    for name, cases in rows_of(tallies["positive"]):
        yes, no = cases[True, True] + cases[True, False], cases[False, True] + cases[False, False]
        left = tallies["positive"].undecided[name] if name != "all" else tallies["positive"].undecided.total()
        print(f"| {name} | {yes + no} ({left}) | {yes} | {tell(cases[True, False], yes)} | {no} | "
              f"{tell(cases[False, True], no)} |")  # fmt: skip
    print("\nThe queries that the stage keeps:")
    print("| kept as | decided (not) | wrong |")
    print("|---|---|---|")
    for name, cases in rows_of(tallies["kept"], total=False):
        wrong = cases[True, False] + cases[False, True]
        print(f"| {name} | {cases.total()} ({tallies['kept'].undecided[name]}) | {tell(wrong, cases.total())} |")


def rows_of(tally: Tally, total: bool = True) -> Iterator[tuple[str, Counter[tuple[bool, bool]]]]:
    yield from sorted(tally.cases.items())
    if total:
        yield "all", tally.total()


def tell(cases: int, of: int) -> str:
    """A share with its 95 % Wilson interval."""
    if not of:
        return "-"
    rate = Rate.of_cases(cases, of)
    return f"{cases} = {rate.share:.1%} [{rate.low:.1%}, {rate.high:.1%}]"


if __name__ == "__main__":
    main()
