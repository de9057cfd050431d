"""Models score page by page: a page is read once for all that is asked of it, and a killed evaluation goes on."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from docrerank.evaluation import Settings, evaluate_models, find_model, open_collections, page_by_page
from docrerank.evaluation.benchmark import Collection
from docrerank.evaluation.find_candidates import find_candidates
from docrerank.evaluation.measured import Measured, measure
from docrerank.evaluation.page_by_page import ByPage, list_asked
from docrerank.evaluation.scorers import VisionScorer

torch = pytest.importorskip("torch")
pytest.importorskip("sentence_transformers")
pytest.importorskip("peft")
pytest.importorskip("bm25s")

from docrerank.vision import PageCache, VisionReranker, vision_reranker  # noqa: E402

CHILD = Path(__file__).with_name("evaluate_child.py")
SUBJECTS = ("Who chairs the board", "What did fuel cost", "How high was revenue", "Which risks are named")
DOCUMENTS = {"harbor": 4, "orchard": 3}


@pytest.fixture(scope="module", autouse=True)
def _few_threads(one_thread: None) -> None:
    """Models this small lose more to waiting threads than they gain."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, write_benchmark: Callable[..., Path]) -> Path:
    """Twelve questions whose candidates are the same few pages of two documents."""
    queries = [
        {"_id": f"{name}{n}", "text": f"{SUBJECTS[n % 4]} in 201{n}?", "metadata": {"document": name}}
        for name in DOCUMENTS
        for n in range(6)
    ]
    rows = "".join(f"{query['_id']}\t{query['metadata']['document']}/1\t1\n" for query in queries)
    return write_benchmark(tmp_path_factory.mktemp("pdfs") / "shared", qrels=rows, queries=queries)


@pytest.fixture(scope="module")
def collection(folder: Path) -> Collection:
    """The benchmark, whose pages are read once for all tests and kept beside it."""
    return open_collections(str(folder), Settings(folder.parent / "out"))[0]


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of pages of each batch that is encoded."""
    batches: list[int] = []
    plain = vision_reranker.encode_pages

    def encode(model: Any, pages: Any) -> Any:
        batches.append(len(pages))
        return plain(model, pages)

    monkeypatch.setattr(vision_reranker, "encode_pages", encode)
    return batches


def read(collection: Collection, model: Path, out: Path) -> Measured:
    """A model's results of an evaluation, measured if they are not there."""
    candidates = find_candidates(collection, out, "bm25")
    reranker = VisionReranker.from_pretrained(model, cache=PageCache())
    system = ByPage(find_model(str(model)), VisionScorer(reranker), collection)
    return measure(system, collection, candidates, out)


def test_every_page_is_encoded_once_for_all_its_questions(
    collection: Collection, tiny_base: Path, tmp_path: Path, drawn: list[int]
) -> None:
    found = read(collection, tiny_base, tmp_path)
    assert sum(drawn) == sum(DOCUMENTS.values())
    drawn.clear()
    reranker = VisionReranker.from_pretrained(tiny_base, cache=PageCache())
    for query, order in list(found.ranking.items())[:2]:  # the control: question by question
        text = next(each.text for each in collection.queries if each.id == query)
        alone = reranker.score([(text, collection.source.page(page)) for page in order]).values
        np.testing.assert_allclose(alone, list(order.values()), atol=1e-4)
    assert sum(drawn) == 2 * DOCUMENTS["harbor"]


@pytest.mark.slow
def test_subsets_share_the_pages_that_are_encoded(
    tmp_path: Path, tiny_base: Path, drawn: list[int], write_dataset: Callable[..., Path], schemas: Any
) -> None:
    pytest.importorskip("mteb")
    name = "Vidore3FinanceEnBM25sReranking.v2"
    languages = ("english", "french", "german", "spanish", "italian", "portuguese")
    write_dataset(tmp_path / f"data/mteb/{name}", schemas["v3"](languages))
    settings = Settings(tmp_path / "out", data=tmp_path / "data", resamples=50)
    (table,) = evaluate_models([str(tiny_base)], name, settings)
    assert table.queries == 24
    assert sum(drawn) == 5  # question by question it would be 6 * 11: six languages ask of the same pages
    drawn.clear()
    evaluate_models([str(tiny_base)], name, settings)
    assert not drawn


def test_rephrase_levels_share_the_pages_that_are_encoded(
    tmp_path: Path, tiny_base: Path, drawn: list[int], write_dataset: Callable[..., Path], schemas: Any
) -> None:
    parts = schemas["real_mm_rag"]()
    for row in parts["corpus"]:
        row["text"] = f"page {row['corpus-id']}"  # for the first stage, which reads no image then
    folder = write_dataset(tmp_path / "set", parts)
    tables = evaluate_models([str(tiny_base)], str(folder), Settings(tmp_path / "out", resamples=50))
    assert [table.name for table in tables] == [f"set, level {level}" for level in range(4)]
    assert [table.queries for table in tables] == 4 * [4]
    assert sum(drawn) == 6  # level by level it would be 24


@pytest.mark.slow
def test_a_killed_evaluation_goes_on_where_it_was(
    collection: Collection,
    folder: Path,
    tiny_base: Path,
    tmp_path: Path,
    drawn: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(vision_reranker, "STEP", 2)
    whole = read(collection, tiny_base, tmp_path / "whole")
    assert sum(drawn) == 7
    drawn.clear()
    shutil.copytree(folder.parent / "out" / "pages", tmp_path / "out" / "pages")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, str(CHILD), str(tiny_base), str(folder), str(tmp_path / "out"), "2"]
    done = subprocess.run(command, env=environment, capture_output=True, check=False)
    assert done.returncode == -9, done.stderr.decode()[-2000:]
    (file,) = (tmp_path / "out" / "results").glob("*.jsonl")
    assert len(file.read_text().splitlines()) == 1 + 2
    again = read(collection, tiny_base, tmp_path / "out")
    assert sum(drawn) == 7 - 2 * 2
    assert not file.exists()
    for query, order in whole.ranking.items():
        assert {page: pytest.approx(score, abs=1e-4) for page, score in order.items()} == again.ranking[query]
    drawn.clear()
    read(collection, tiny_base, tmp_path / "out")
    assert not drawn


def test_pages_that_other_processes_draw_give_the_same_scores(
    collection: Collection, tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reranker = VisionReranker.from_pretrained(tiny_base, cache=PageCache())
    pairs = [(text, collection.source.page(page)) for page in collection.groups["harbor"] for text in SUBJECTS]
    pairs.insert(3, ("Who chairs the board", tmp_path / "none.png"))
    monkeypatch.setattr("docrerank.vision.draw_ahead.LEAST", 1)
    plain = reranker.score(pairs)
    values = np.full(len(pairs), np.nan, np.float32)
    for places, found in reranker.stream(pairs, workers=2):
        values[places] = found.values
    assert np.isnan(values[3])
    np.testing.assert_allclose(values, plain.values, atol=1e-5)


def test_long_work_is_announced_from_its_first_pages(
    collection: Collection,
    tiny_base: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(vision_reranker, "STEP", 2)
    with caplog.at_level(logging.WARNING):
        read(collection, tiny_base, tmp_path / "short")
        assert "minutes" not in caplog.text
        monkeypatch.setattr(page_by_page, "LONG", 0.0)
        read(collection, tiny_base, tmp_path / "long")
    assert "7 pages with 42 questions in all take about 0 minutes, by the first 2 pages" in caplog.text


def test_pages_of_a_document_follow_each_other_and_none_is_asked_twice(collection: Collection, tmp_path: Path) -> None:
    candidates = find_candidates(collection, tmp_path, "bm25")
    asked = list_asked(collection, candidates.pages)
    assert list(asked) == [f"{name}/{n}" for name, pages in DOCUMENTS.items() for n in range(1, pages + 1)]
    assert all(len(queries) == len(set(queries)) == 6 for queries in asked.values())
