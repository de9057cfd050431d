"""The examples: pages with their questions, what differs in their hard negatives, and where the answer stands."""

from __future__ import annotations

import hashlib
import heapq
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from docrerank.records import Page, Query
from docrerank.report.marked_edits import Piece, mark_edit
from docrerank.runs import Run

EXAMPLES = 4
#: A second question of the page is shown if the first has fewer hard negatives.
SHOWN_NEGATIVES = 2
NAMED_PAGES = 3
#: Words of an evidence that are looked for on its page.
MAX_WORDS = 60


@dataclass(frozen=True, slots=True)
class Negative:
    """A hard negative with its one edit marked, and in words which other pages answer it."""

    query: Query
    pieces: list[Piece]
    others: str


@dataclass(frozen=True, slots=True)
class Positive:
    """A positive and what was made from it."""

    query: Query
    rephrased: list[Query]
    negatives: list[Negative]


@dataclass(frozen=True, slots=True)
class Example:
    """A page and its questions, those with most hard negatives first; the rest of them is folded."""

    page_id: str
    shown: list[Positive]
    folded: list[Positive]


@dataclass(slots=True)
class Written:
    """The queries of a run.

    Attributes:
        kinds: how many queries of each kind; `forms` of positives and rephrasings alone, `properties` of negatives.
        pages: how many pages have a query.
        examples: pages drawn at random, from as many documents as possible, those with hard negatives first.
    """

    kinds: Counter[str] = field(default_factory=Counter)
    forms: Counter[str] = field(default_factory=Counter)
    properties: Counter[str] = field(default_factory=Counter)
    pages: int = 0
    examples: list[Example] = field(default_factory=list)


def read_written(run: Run) -> Written:
    """Count a run's queries and draw the examples, holding one document's queries at a time."""
    written, drawn = Written(), list[tuple[bool, int, int, list[Query]]]()
    for document in run.queries.names():
        pages = []
        for page_id, own in groupby(run.queries.read(document), key=lambda query: query.page_id):
            queries = list(own)
            _count(written, queries)
            plain = all(query.kind != "hard_negative" for query in queries)
            pages.append((plain, _draw(run.recipe.seed, page_id), queries))
        best = heapq.nsmallest(EXAMPLES, pages, key=lambda entry: entry[:2])
        drawn += [(plain, turn, number, queries) for turn, (plain, number, queries) in enumerate(best)]
        drawn = heapq.nsmallest(EXAMPLES, drawn, key=lambda entry: entry[:3])
    written.examples = [_make_example(queries) for *_, queries in drawn]
    return written


def arrange(queries: Sequence[Query]) -> list[Positive]:
    """Put a page's rephrasings and hard negatives under their positives."""
    positives = {query.id: Positive(query, [], []) for query in queries if query.kind == "positive"}
    for query in queries:
        source = positives.get(query.source_id)
        if source is not None and query.kind == "rephrased":
            source.rephrased.append(query)
        elif source is not None and query.kind == "hard_negative":
            source.negatives.append(Negative(query, mark_edit(source.query, query), name_pages(query)))
    return sorted(positives.values(), key=lambda positive: -len(positive.negatives))


def _make_example(queries: Sequence[Query]) -> Example:
    positives = arrange(queries)
    shown = 1 if sum(len(one.negatives) for one in positives[:1]) >= SHOWN_NEGATIVES else 2
    return Example(queries[0].page_id, positives[:shown], positives[shown:])


def name_pages(query: Query) -> str:
    """Name the first other pages that answer a query: by number in its own document, else by id."""
    own = query.page_id.rpartition("/")[0]
    split = [page_id.rpartition("/") for page_id in query.answered_by]
    names = [f"page {number}" if document == own else f"{document}/{number}" for document, _, number in split]
    more = f" and {len(names) - NAMED_PAGES} more" if len(names) > NAMED_PAGES else ""
    return ", ".join(names[:NAMED_PAGES]) + more


def find_evidence(page: Page, evidence: str) -> list[dict[str, float]]:
    """Find an evidence on its page: a rectangle for each line, in percent of the page; none if it is not there.

    Evidence may leave out words of the page or join cells, so its words are followed in order from their first.
    """
    wanted, words = evidence.lower().split()[:MAX_WORDS], list(page.words())
    texts, best = [word.text.lower() for word in words], list[int]()
    for start in [at for at, text in enumerate(texts) if wanted and text == wanted[0]][:MAX_WORDS]:
        found, at = [start], start
        for word in wanted[1:]:
            if word in texts[at + 1 : at + 12]:
                at = texts.index(word, at + 1)
                found.append(at)
        best = max(best, found, key=len)
    return _join_lines([words[at][1:] for at in best]) if 2 * len(best) > len(wanted) else []


def _join_lines(boxes: Iterable[Sequence[float]]) -> list[dict[str, float]]:
    lines: list[list[float]] = []
    for x0, y0, x1, y1 in boxes:
        if lines and y0 < (lines[-1][1] + lines[-1][3]) / 2 < y1:
            x, y, right, below = lines[-1]
            lines[-1] = [min(x, x0), min(y, y0), max(right, x1), max(below, y1)]
        else:
            lines.append([x0, y0, x1, y1])
    return [
        {"left": 100 * x0, "top": 100 * y0, "width": 100 * (x1 - x0), "height": 100 * (y1 - y0)}
        for x0, y0, x1, y1 in lines
    ]


def _count(written: Written, queries: Sequence[Query]) -> None:
    written.pages += 1
    written.kinds.update(query.kind for query in queries)
    written.forms.update(query.form for query in queries if query.kind != "hard_negative")
    written.properties.update(query.property for query in queries if query.property)


def _draw(seed: int, name: str) -> int:
    """A number that is random among names and the same every time."""
    return int.from_bytes(hashlib.sha256(f"{seed}|report|{name}".encode()).digest()[:8], "big")
