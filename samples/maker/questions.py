"""Reads the benchmark's questions from the files in `content` and checks them against the pages.

An entry of a file's `questions` has a text (`ask`, or `asked`: fiscal year to text) and an `answer`. The pages that
show all figures of the answer, as in "{Apprentices|0}", answer it. If the answer is prose, the entry names its `page`
and the `quotes` that stand together there and nowhere else (`years`: in which reports). Its `near` misses are
questions that no page answers: what was changed to the text, and strings that are `absent`. `missing` gives questions
about years for which no page has the figures: fiscal year to text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from maker.figures import Key, Ledger
from maker.report import Fact, Report, answer, places

EVIDENCE = {
    "table": "Table",
    "chart": "Chart",
    "figure": "Figure",
    "text": "Pure-text (Plain-text)",
    "prose": "Pure-text (Plain-text)",
    "layout": "Generalized-text (Layout)",
}
Entry = Mapping[str, Any]
#: From a document to the texts of its pages.
Texts = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Question:
    """`pages` are (document, page number from 1); `near` are (what was changed, text)."""

    text: str
    answer: str
    pages: tuple[tuple[str, int], ...]
    evidence: tuple[str, ...]
    near: tuple[tuple[str, str], ...]
    quotes: tuple[str, ...] = ()


def read_document_questions(document: Mapping[str, Any], texts: Texts) -> list[Question]:
    """Read the questions about a document; raise AssertionError if one disagrees with the texts."""
    reports = {0: document}
    return [_read_prose(entry, reports, [0], texts) for entry in document["questions"]]


def read_company_questions(ledger: Ledger, reports: Mapping[int, Report], texts: Texts) -> list[Question]:
    """Read the questions about a company's reports, by fiscal year; raise AssertionError as above."""
    documents = {year: report.document for year, report in reports.items()}
    last, found = max(reports), []
    for entry in ledger.company["questions"]:
        if "quotes" in entry:
            found.append(_read_prose(entry, documents, entry.get("years", [last]), texts))
        else:
            found += _read_figures(entry, ledger, reports, texts)
    return found


def pages_with(quotes: Sequence[str], texts: Texts) -> list[tuple[str, int]]:
    """Find the pages that have all the quotes; "12.4" is not in "312.4" nor "12.45"."""
    patterns = [re.compile(_guard(quote), re.IGNORECASE) for quote in quotes]
    pages = ((name, n, text) for name, each in sorted(texts.items()) for n, text in enumerate(each, 1))
    return [(name, number) for name, number, text in pages if all(p.search(text) for p in patterns)]


def _guard(quote: str) -> str:
    before = r"(?<!\d)(?<!\d[.,])" if quote[0].isdigit() else ""
    after = r"(?!\d)(?![.,]\d)" if quote[-1].isdigit() else ""
    return before + re.escape(quote) + after


def _read_prose(entry: Entry, documents: Mapping[int, Any], years: Sequence[int], texts: Texts) -> Question:
    names = [[page["name"] for page in documents[year]["pages"]] for year in years]
    wanted = [
        (documents[year]["stem"], own.index(name) + 1)
        for year, own in zip(years, names, strict=True)
        for name in _listed(entry["page"])
    ]
    found = pages_with(entry["quotes"], texts)
    assert found == sorted(wanted), f"{entry['ask']!r}: {entry['quotes']} on {found}, not {wanted}"
    evidence = tuple(EVIDENCE[kind] for kind in _listed(entry["in"]))
    near, quotes = _read_near(entry, texts), tuple(entry["quotes"])
    return Question(entry["ask"], entry["answer"], tuple(found), evidence, near, quotes)


def _read_figures(entry: Entry, ledger: Ledger, reports: Mapping[int, Report], texts: Texts) -> Iterator[Question]:
    asked = entry["asked"] if "asked" in entry else {max(reports): entry["ask"]}
    near = _read_near(entry, texts)
    for year, text in entry.get("missing", {}).items():
        there = _pages_showing(places(ledger, year, entry["answer"]), reports)
        assert not there, f"{text!r} is answered on {list(there)}"
        near = (*near, ("year", text))
    for year, text in asked.items():
        told, needed = answer(ledger, year, entry["answer"])
        pages = _pages_showing(needed, reports)
        assert pages, f"{text!r}: no page has {needed}"
        for page, facts in pages.items():
            values = [fact.value for fact in facts]
            assert page in pages_with(values, texts), f"{text!r}: {values} not on {page}"
        evidence = sorted({EVIDENCE[fact.where] for facts in pages.values() for fact in facts})
        yield Question(text, told, tuple(pages), tuple(evidence), near)
        near = ()


def _pages_showing(needed: set[Key], reports: Mapping[int, Report]) -> dict[tuple[str, int], list[Fact]]:
    """Find the pages that have all the figures, and what of them stands there."""
    found = {}
    for report in reports.values():
        for number, facts in enumerate(report.facts, 1):
            there = [fact for fact in facts if fact.key in needed]
            if {fact.key for fact in there} == needed:
                found[report.document["stem"], number] = there
    return found


def _read_near(entry: Entry, texts: Texts) -> tuple[tuple[str, str], ...]:
    for near in entry.get("near", ()):
        there = pages_with(near["absent"], texts)
        assert not there, f"{near}: {near['absent']} on {there}"
    return tuple(next(iter(near.items())) for near in entry.get("near", ()))


def _listed(given: str | list[str]) -> list[str]:
    return [given] if isinstance(given, str) else given
