"""Loading and naming the models that are served, with a page store or without."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from docrerank.records import UserError
from docrerank.reranker import Reranker, Searcher
from docrerank.retrieval import ENCODINGS, TokenEncoder
from docrerank.runs import Run
from docrerank.serving.collection import open_search
from docrerank.serving.errors import ApiError
from docrerank.serving.models import load_models
from docrerank.serving.stored_reranker import StoredReranker

QUERY = "How many employees are there?"


def test_a_store_gives_the_scores_of_encoding_anew(served_run: Run, untrained: Reranker) -> None:
    search = open_search(served_run)
    pages = list(served_run.pages.read())
    stored: Any = load_models(["minilm"], served_run, search).find("minilm").reranker
    assert isinstance(stored, StoredReranker)
    mixed = [*pages[:4], "a text of its own", pages[5]]
    pairs = [(QUERY, page) for page in mixed]
    np.testing.assert_allclose(stored.predict(pairs), untrained.predict(pairs), atol=5e-3)


def test_a_full_disk_costs_the_store_and_no_score(served_run: Run, untrained: Reranker, tmp_path: Path) -> None:
    run = Run.open(shutil.copytree(served_run.path, tmp_path / "run"))
    shutil.rmtree(run.path / ENCODINGS, ignore_errors=True)
    (run.path / ENCODINGS).write_text("in the way: nothing can be written here")
    search = open_search(run)
    reranker: Any = load_models(["minilm"], run, search).find("minilm").reranker
    pairs = [(QUERY, page) for page in list(run.pages.read())[:3]]
    found, expected = search.find(QUERY, 3), open_search(served_run).find(QUERY, 3)
    assert found.pages == expected.pages
    np.testing.assert_allclose(found.scores, expected.scores, atol=5e-3)
    np.testing.assert_allclose(reranker.predict(pairs), untrained.predict(pairs), atol=5e-3)


def test_a_trained_models_first_stage_and_fusion_are_those_of_search_and_encode_no_page_of_the_run(
    served_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`docrerank-mini` stands for a trained model: its own windows are worse than untrained MiniLM's."""
    run = Run.open(shutil.copytree(served_run.path, tmp_path / "run", ignore=shutil.ignore_patterns("model")))
    search, searcher = open_search(run), Searcher(run, candidates=5)
    models = load_models(["docrerank-mini", "minilm"], run, search)
    reranker: Any = models.find("docrerank-mini-fused").reranker
    monkeypatch.setattr(TokenEncoder, "encode_pages", lambda *_: pytest.fail("a page was encoded again"))
    found = search.find(QUERY, 5).pages
    hits = searcher.search(QUERY, top_k=5)
    assert {page.id for page in found} == {hit.page_id for hit in hits}
    ranked = reranker.rank(QUERY, found)
    assert [hit["page"].id for hit in ranked] == [hit.page_id for hit in hits]
    np.testing.assert_allclose([hit["score"] for hit in ranked], [hit.score for hit in hits], atol=5e-3)


def test_an_unknown_name_is_told_with_those_there_are() -> None:
    models = load_models(["minilm"], None, None)
    assert models.find(None).name == "minilm"
    with pytest.raises(ApiError) as raised:
        models.find("other")
    assert "minilm, minilm-fused" in raised.value.body.hint


def test_a_run_without_pages_is_told(tmp_path: Path, served_run: Run) -> None:
    with pytest.raises(UserError, match="has no pages yet"):
        open_search(Run.create(tmp_path / "empty", served_run.recipe))
