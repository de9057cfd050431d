from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from docrerank.recipe import load_recipe
from docrerank.records import MinedPage, Page, Query
from docrerank.runs import Run

THINGS = ("sales", "costs", "staff", "water", "energy", "claims")
SMALL = (
    "train.groups=12",
    "train.batch_groups=4",
    "train.evaluations=2",
    "train.learning_rate=1e-4",
    "train.window_tokens=32",
    "train.window_overlap=8",
)


def make_page(document: str, number: int) -> Page:
    thing = THINGS[number % len(THINGS)]
    text = f"The {thing} of {document} came to {number}1 million in 2020\nand fell to {number}0 million a year later\n"
    boxes = np.zeros((len(text.split()), 4), np.float32)
    return Page(f"{document}/{number}", document, number, f"{document}.pdf", "0" * 64, 612, 792, text, "layer", boxes)


def make_queries(page: Page) -> list[Query]:
    thing = THINGS[page.number % len(THINGS)]
    positive = f"How high were the {thing} of {page.document} in 2020?"
    source, evidence = f"{page.id}#0", page.text.splitlines()[0]
    queries = [Query(source, page.id, positive, "positive", "question", answer="x", evidence=evidence)]
    queries.append(Query(f"{page.id}#1", page.id, f"{thing} {page.document} 2020", "rephrased", "keywords", source))
    for serial, year in enumerate((2017, 2018, 2031), 2):
        text = positive.replace("2020", str(year))
        queries.append(Query(f"{page.id}#{serial}", page.id, text, "hard_negative", "question", source))
    return queries


def fill_run(path: Path, overrides: tuple[str, ...] = ()) -> Run:
    """A run of three documents with four pages each, ready for training."""
    run = Run.create(path, load_recipe("cpu", [*SMALL, *overrides]))
    rows = []
    for document in ("acme", "bolt", "crane"):
        pages = [make_page(document, number) for number in range(1, 5)]
        run.pages.write(document, pages, "pages")
        run.queries.write(document, [query for page in pages for query in make_queries(page)], "queries")
        for page in pages:
            others = [other for other in pages if other.id != page.id]
            rows += [MinedPage(f"{page.id}#0", other.id, rank, 0.0) for rank, other in enumerate(others, 1)]
    run.mined.write("corpus", rows, "mined")
    return run


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return fill_run(tmp_path / "run")


@pytest.fixture(scope="session")
def make_run() -> Callable[..., Run]:
    return fill_run
