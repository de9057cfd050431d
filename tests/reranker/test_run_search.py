from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from docrerank.recipe import load_recipe
from docrerank.records import Page, UserError
from docrerank.reranker import Searcher, search
from docrerank.retrieval import MINI, UNTRAINED, LargePages, load_start, window_settings
from docrerank.runs import Run


@pytest.fixture
def run(tmp_path: Path, topic_pages: list[Page]) -> Run:
    run = Run.create(tmp_path / "run", load_recipe("cpu"))
    run.pages.write("report", topic_pages, "pages")
    return run


def test_a_run_without_a_model_is_searched_untrained(run: Run) -> None:
    hits = search(run, "litres treated by the water plant", top_k=2)
    assert len(hits) == 2
    assert hits[0].page_id == "report/3"
    assert "water plant" in hits[0].snippet


def test_without_a_model_the_recipes_start_reorders_what_untrained_windows_find(run: Run) -> None:
    searcher = Searcher(run)
    assert searcher.reranker.scorer.fingerprint == load_start(MINI, window_settings(run)).fingerprint
    assert searcher.first.encoder.fingerprint == load_start(UNTRAINED, window_settings(run)).fingerprint
    old = Run.create(run.path.parent / "old", load_recipe("cpu", ["train.base=minilm"]))
    old.pages.write("report", list(run.pages.read()), "pages")
    assert Searcher(old).reranker.scorer.fingerprint == searcher.first.encoder.fingerprint


def test_hits_bear_how_likely_each_answers_and_any_of_them(run: Run) -> None:
    found, foreign = (
        [hit.probability or 0.0 for hit in search(run, query, top_k=20)]
        for query in ("How many litres does the water plant treat?", "What is the capital of Mongolia?")
    )
    assert found == sorted(found, reverse=True)
    assert sum(foreign) < 0.2 < sum(found) < 1


def test_a_search_can_be_held_to_one_document(run: Run) -> None:
    searcher = Searcher(run)
    assert len(searcher.search("sales", 3, "report")) == 3
    assert searcher.search("sales", 3, "other") == []


def test_an_empty_run_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="has no pages yet"):
        search(Run.create(tmp_path / "run", load_recipe("cpu")), "sales")


def test_an_empty_query_is_told(run: Run) -> None:
    with pytest.raises(UserError, match="query is empty"):
        search(run, " ")


def test_a_page_that_the_query_names_comes_first(run: Run) -> None:
    assert search(run, "what does page 2 say about the water plant?", top_k=1)[0].page_id == "report/2"


def test_a_large_run_is_searched_from_disk_with_the_same_hits(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = Searcher(run)
    monkeypatch.setattr("docrerank.retrieval.run_index.LARGE", 1)
    large = Searcher(run)
    assert isinstance(large.first.pages, LargePages)
    for query in ("litres treated by the water plant", "sales"):
        hits, expected = large.search(query, 3), plain.search(query, 3)
        assert [hit.page_id for hit in hits] == [hit.page_id for hit in expected]
        assert [hit.score for hit in hits] == pytest.approx([hit.score for hit in expected], abs=1e-3)
        assert large.find_answer(query, hits).relevance == pytest.approx(plain.find_answer(query, hits).relevance)
    assert large.search("sales", 3, "other") == []
    assert (run.path / "index").is_dir()


def test_opening_a_large_run_again_reads_no_page_unless_one_came(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("docrerank.retrieval.run_index.LARGE", 1)
    Searcher(run)
    read, asked = run.pages.read, []
    monkeypatch.setattr(run.pages, "read", lambda *names: asked.append(names) or read(*names))
    Searcher(run)
    assert asked == []
    page = next(read("report"))
    run.pages.write("new", [replace(page, id="new/1", document="new", number=1, text="a wholly new page")], "new")
    assert Searcher(run).search("wholly new", 1)[0].page_id == "new/1"
    assert sorted(asked[:2]) == [("new",), ("report",)]  # for the index
    assert asked[2] == ("new",)  # for the model; then come the search's candidates
