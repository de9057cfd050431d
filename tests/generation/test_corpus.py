"""What is decided over the whole corpus."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scripted import make_run

from docrerank.generation import corpus
from docrerank.generation.corpus import MAX_ANSWERING, CorpusIndex, gate_document
from docrerank.queries import NearDuplicates, PageIndex
from docrerank.recipe import load_recipe
from docrerank.records import Page, Query
from docrerank.retrieval import terms, years
from docrerank.runs import Run

TEXT = "How many litres did the plant of Graz treat in 1991?"
FIRST = Query("volume-000/1#1", "volume-000/1", TEXT, "positive", "question")
AGAIN = Query("volume-001/1#1", "volume-001/1", TEXT, "positive", "question")
MADE = Query("volume-001/1#1/n1", "volume-001/1", TEXT.replace("1991", "1993"), "hard_negative", "question", AGAIN.id)


def test_a_repeated_positive_goes_with_all_made_from_it_unless_it_was_imported_complete(tmp_path: Path) -> None:
    corpus = CorpusIndex(make_run(tmp_path / "run", "http://127.0.0.1:9/v1", 2, 2), tmp_path / "index")
    seen = NearDuplicates(0.85)
    gate_document([FIRST], seen, corpus)
    kept, rejected = gate_document([AGAIN, MADE], seen, corpus)
    assert (kept, [row.reason for row in rejected]) == ([], ["near-duplicate in the corpus"])
    kept, rejected = gate_document([AGAIN, MADE], seen, corpus, {AGAIN.id})
    assert ([query.id for query in kept], rejected) == ([AGAIN.id, MADE.id], [])


LINES = st.lists(st.sampled_from(["alpha beta", "gamma", "delta alpha in 1991", "beta FY92", "zeta eta"]), max_size=6)
ASKED = ("alpha beta?", "gamma and zeta in 1992", "delta alpha beta gamma", "zeta", "theta", "the", "alpha in 1991")


def make_page(document: str, number: int, text: str) -> Page:
    boxes = np.zeros((len(text.split()), 4), np.float32)
    return Page(f"{document}/{number}", document, number, "a.pdf", "0", 600, 800, text, "layer", boxes)


def compare_all(pages: list[Page], query: Query) -> tuple[str, ...]:
    """What the index should find, by looking at every page."""
    asked, document = years(query.text), query.page_id.rpartition("/")[0]
    wanted = set(terms(query.text)) - asked
    return tuple(
        page.id
        for page in pages
        if page.document != document and (own := PageIndex(page)).close_together(wanted) and asked <= own.years
    )[:MAX_ANSWERING]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(LINES, min_size=1, max_size=3), min_size=1, max_size=20))
def test_the_index_finds_the_pages_that_looking_at_each_finds(
    tmp_path_factory: pytest.TempPathFactory, documents: list[list[list[str]]]
) -> None:
    folder = tmp_path_factory.mktemp("corpus")
    run, pages = Run.create(folder / "run", load_recipe("cpu")), []
    for place, texts in enumerate(documents):
        name = f"d{place:03}"
        own = [make_page(name, number, "\n".join(lines)) for number, lines in enumerate(texts, 1)]
        run.pages.write(name, own, "f")
        pages += own
    index = CorpusIndex(run, folder / "index")
    for text, page_id in itertools.product(ASKED, ("d000/1", "elsewhere/1")):
        query = Query("q", page_id, text, "positive", "question")
        assert index.answering(query) == compare_all(pages, query), text


def test_lines_are_looked_at_many_at_a_time_until_enough_pages_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Run.create(tmp_path / "run", load_recipe("cpu"))
    run.pages.write("a", (make_page("a", number, "alpha beta\nalpha") for number in range(1, 60)), "f")
    index, query = CorpusIndex(run, tmp_path / "index"), Query("q", "b/1", "alpha beta", "positive", "question")
    whole = index.answering(query)
    assert whole == tuple(f"a/{number}" for number in range(1, MAX_ANSWERING + 1))
    monkeypatch.setattr(corpus, "LINES_AT_ONCE", 7)
    assert index.answering(query) == whole
    monkeypatch.setattr(corpus, "MAX_LINES", 3)  # the control: what is beyond the bound is not found
    assert len(index.answering(query)) < len(whole)
