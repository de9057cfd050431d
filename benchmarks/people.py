"""How well pages are found for people's questions: by each view alone and fused, with names and without.

Each question is asked of its own document and, for a benchmark of several documents of one kind (`--all`), of all
pages at once. Pages are read and encoded once, into CACHE; a second call takes a minute.

    python -m benchmarks.people CACHE BENCHMARK... [--all NAME] [--search] [--weights 1:.5:2]
"""

from __future__ import annotations

import argparse
import itertools
import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from docrerank.evaluation.statistics import bootstrap_mean
from docrerank.pages import ingest
from docrerank.recipe import load_recipe
from docrerank.records import Page
from docrerank.retrieval import (
    ENCODINGS,
    Bm25,
    FusionWeights,
    NamedPages,
    PageStore,
    Vectors,
    fuse,
    load_start,
    score_tokens,
    score_windows,
)
from docrerank.runs import Run

Numbers = npt.NDArray[np.float64]
VIEWS = ("bm25", "windows", "minilm", "mini")
DEPTH = 5
#: Tried by `--search`: weights of BM25, windows, tokens.
GRID = [
    (b, w, t)
    for b, w, t in itertools.product((0.25, 0.5, 1, 2), (0.25, 0.5, 1, 2, 4), (0.25, 0.5, 1, 2))
    if t == 1 or b == 0.5
]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question: its text, its document, and the pages that answer it."""

    id: str
    text: str
    document: str
    answers: frozenset[str]


@dataclass
class People:
    """A benchmark with every view of every page for every question.

    Attributes:
        name: of its folder.
        pages: of all documents.
        asked: the questions that have an answer.
        views: by name, of shape (questions, pages).
    """

    name: str
    pages: list[Page]
    asked: list[Asked]
    views: dict[str, Vectors]

    def __post_init__(self) -> None:
        self.rows: dict[str, list[int]] = defaultdict(list)
        for row, page in enumerate(self.pages):
            self.rows[page.document].append(row)
        self.inside = {document: NamedPages([self.pages[row] for row in rows]) for document, rows in self.rows.items()}
        self.everywhere = NamedPages(self.pages)

    def find_names(self, everywhere: bool) -> list[Vectors]:
        """How surely each question names each page that it is asked of."""
        names = [self.everywhere if everywhere else self.inside[each.document] for each in self.asked]
        return [own.score(each.text) for own, each in zip(names, self.asked, strict=True)]

    def measure(self, score: Callable[[int, npt.NDArray[np.int64]], Vectors], everywhere: bool) -> Numbers:
        """NDCG@5 and recall at 1 of each question, of shape (questions, 2), by a score of some of its pages."""
        found = []
        for at, each in enumerate(self.asked):
            rows = np.arange(len(self.pages)) if everywhere else np.array(self.rows[each.document])
            best = np.argsort(-score(at, rows), kind="stable")[:DEPTH]
            hits = [self.pages[rows[place]].id in each.answers for place in best]
            gains = sum(1 / np.log2(rank + 2) for rank, hit in enumerate(hits) if hit)
            ideal = sum(1 / np.log2(rank + 2) for rank in range(min(DEPTH, len(each.answers))))
            found.append((gains / ideal, hits[0] / len(each.answers)))
        return np.array(found)


def read_people(folder: Path, cache: Path) -> People:
    """A benchmark's pages, questions and views; what is not in the cache is made first."""
    run = Run.create(cache / folder.name, load_recipe("cpu"))
    ingest(run, [folder / "corpus"], lambda done, total: print(f"read {done} of {total}", end="\r"))
    pages, asked = list(run.pages.read()), list(_read_asked(folder))
    bm25 = Bm25([page.text for page in pages])
    views = {"bm25": np.stack([bm25.score(each.text) for each in asked])}
    for view, start in (("minilm", "minilm"), ("mini", "docrerank-mini")):
        store = PageStore(run.path / ENCODINGS, load_start(start))
        store.fill(pages)
        queries = store.encoder.encode_queries([each.text for each in asked])
        chunks = [store.read(pages[first : first + 64]) for first in range(0, len(pages), 64)]
        views[view] = np.concatenate([score_tokens(queries, chunk) for chunk in chunks], axis=1)
        if view == "minilm":
            views["windows"] = np.concatenate([score_windows(queries, chunk) for chunk in chunks], axis=1)
    return People(folder.name, pages, asked, views)


def _read_asked(folder: Path) -> Iterator[Asked]:
    answers: dict[str, set[str]] = defaultdict(set)
    for line in (folder / "qrels" / "test.tsv").read_text("utf-8").splitlines()[1:]:
        query, page, relevance = line.split("\t")[:3]
        if int(relevance) > 0:
            answers[query].add(page)
    for line in (folder / "queries.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        if own := answers.get(row["_id"]):
            yield Asked(row["_id"], row["text"], row["metadata"]["document"], frozenset(own))


def list_rows(people: People, everywhere: bool, weights: Sequence[FusionWeights]) -> Iterator[tuple[str, Numbers]]:
    """A row of the table for each system."""
    names = people.find_names(everywhere)
    named = FusionWeights().named
    for view in VIEWS:
        yield view, people.measure(lambda at, rows, view=view: people.views[view][at, rows], everywhere)  # type: ignore[misc]
    for own, (label, name) in itertools.product(weights, (("", False), (" and names", True))):

        def score(at: int, rows: npt.NDArray[np.int64], own: FusionWeights = own, name: bool = name) -> Vectors:
            views = [people.views[view][at, rows] for view in ("bm25", "windows", "mini")]
            return fuse(*views, FusionWeights(own.bm25, own.windows, own.tokens, named), names[at] if name else None)

        yield f"fused {own.bm25:g} : {own.windows:g} : {own.tokens:g}{label}", people.measure(score, everywhere)


def print_table(people: People, everywhere: bool, weights: Sequence[FusionWeights]) -> None:
    """A benchmark's table; intervals over documents."""
    print(
        f"\n{people.name}, {'all documents at once' if everywhere else 'each question asked of its document'}: "
        f"{len(people.asked)} questions, {len(people.pages)} pages"
    )
    owners = [each.document for each in people.asked]
    for name, found in list_rows(people, everywhere, weights):
        ndcg = bootstrap_mean(list(found[:, 0]), owners)
        print(f"| {name} | {ndcg.value:.3f} [{ndcg.low:.3f} {ndcg.high:.3f}] | {found[:, 1].mean():.3f} |")


def search_weights(benchmarks: Sequence[People]) -> None:
    """The best weights of each fold of documents, measured on the other documents; benchmarks count alike."""
    tables = []
    for people in benchmarks:
        names = people.find_names(False)
        table = np.stack(
            [
                people.measure(
                    lambda at, rows, own=own, people=people, names=names: fuse(  # type: ignore[misc]
                        *(people.views[view][at, rows] for view in ("bm25", "windows", "mini")),
                        FusionWeights(*own),
                        names[at],
                    ),
                    False,
                )[:, 0]
                for own in GRID
            ]
        )
        tables.append((table, np.array([sum(map(ord, each.document)) % 5 for each in people.asked])))
    means = np.mean([table.mean(axis=1) for table, _ in tables], axis=0)
    for at in np.argsort(-means)[:12]:
        print(GRID[at], f"{means[at]:.4f}", [f"{table[at].mean():.3f}" for table, _ in tables])
    kept = [[] for _ in tables]  # type: ignore[var-annotated]
    for fold in range(5):
        best = int(np.argmax(np.mean([table[:, folds != fold].mean(axis=1) for table, folds in tables], axis=0)))
        for own, (table, folds) in zip(kept, tables, strict=True):
            own.extend(table[best, folds == fold])
        print("fold", fold, "chooses", GRID[best])
    print("chosen on other documents:", [f"{np.mean(own):.3f}" for own in kept])


def main() -> None:
    """Read the command line and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("cache", type=Path)
    parser.add_argument("benchmarks", type=Path, nargs="+")
    parser.add_argument("--all", action="append", default=[], help="a benchmark that is asked all at once too")
    parser.add_argument(
        "--weights", action="append", default=[], help="BM25:windows:tokens, beside the delivered ones"
    )
    parser.add_argument("--search", action="store_true", help="search the weights, by folds over documents")
    given = parser.parse_args()
    weights = [FusionWeights(), *(FusionWeights(*map(float, text.split(":"))) for text in given.weights)]
    benchmarks = [read_people(folder, given.cache) for folder in given.benchmarks]
    for people in benchmarks:
        print_table(people, False, weights)
        if people.name in given.all:
            print_table(people, True, weights)
    if given.search:
        search_weights(benchmarks)


if __name__ == "__main__":
    main()
