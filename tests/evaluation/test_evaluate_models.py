"""Models and baselines on a folder of PDFs: candidates once, one table, every pair."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from docrerank.evaluation import ResultsTable, Settings, build_dict, evaluate_models, open_collections, render
from docrerank.records import UserError

pytest.importorskip("bm25s")
pytest.importorskip("pytrec_eval")

SYSTEMS = ("bm25", "random", "oracle")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, write_benchmark: Callable[..., Path]) -> Path:
    return write_benchmark(tmp_path_factory.mktemp("pdfs") / "small")


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(tmp_path_factory.mktemp("out"), top=3, resamples=100)


@pytest.fixture(scope="module")
def table(folder: Path, settings: Settings) -> ResultsTable:
    return evaluate_models(SYSTEMS, str(folder), settings)[0]


def share_pages(table: ResultsTable, settings: Settings, out: Path) -> Path:
    """A folder of results that has read the benchmark's pages already."""
    assert table.name == "small"
    shutil.copytree(settings.out / "pages", out / "pages")
    return out


def test_a_question_of_one_document_has_candidates_of_that_document_alone(
    table: ResultsTable, settings: Settings
) -> None:
    (file,) = (settings.out / "candidates").iterdir()
    found = json.loads(file.read_text())["candidates"]
    assert {page.split("/")[0] for page in found["q1"]} == {"harbor"}
    assert {page.split("/")[0] for page in found["q3"]} >= {"orchard"}
    assert all(len(pages) == 3 for pages in found.values())


def test_the_oracle_reaches_the_ceiling_and_chance_does_not(table: ResultsTable) -> None:
    means = {system.name: system.means["NDCG@5"].value for system in table.systems}
    assert means["oracle"] == table.ceiling.means["NDCG@5"].value
    assert means["random"] < means["oracle"]
    assert means["bm25"] == means["first stage: bm25"]


def test_every_pair_is_compared(table: ResultsTable) -> None:
    assert len(table.pairs) == 6  # four systems
    same = table.difference("first stage: bm25", "bm25")["NDCG@5"]
    assert (same.interval.value, same.p) == (0, 1)


def test_unanswerable_questions_are_measured_apart(table: ResultsTable) -> None:
    assert table.queries == 3
    oracle = next(system for system in table.systems if system.name == "oracle")
    assert oracle.answerability is not None
    assert oracle.answerability.auroc.value == 1


def test_the_table_is_written_as_text_and_json(table: ResultsTable, settings: Settings) -> None:
    assert {file.suffix for file in settings.out.glob("small.*")} == {".txt", ".json"}
    assert (settings.out / "small.txt").read_text() == render(table)
    found = json.loads((settings.out / "small.json").read_text())
    assert found.pop("command")
    assert found == json.loads(json.dumps(build_dict(table)))


def test_results_are_taken_from_their_file_until_the_candidates_change(
    table: ResultsTable, folder: Path, settings: Settings, tmp_path: Path
) -> None:
    settings = replace(settings, out=share_pages(table, settings, tmp_path))
    evaluate_models(["random"], str(folder), settings)
    file = settings.out / "results" / "small--random.json"
    before = file.stat().st_mtime_ns
    evaluate_models(["random"], str(folder), settings)
    assert file.stat().st_mtime_ns == before
    evaluate_models(["random"], str(folder), replace(settings, top=2))
    assert file.stat().st_mtime_ns > before


def test_candidates_of_a_file_are_reordered_and_no_others(
    table: ResultsTable, folder: Path, settings: Settings, tmp_path: Path
) -> None:
    share_pages(table, settings, tmp_path)
    given = {"q1": {"harbor/1": 2, "harbor/2": 1}, "q2": {"harbor/1": 1}, "q3": {"orchard/1": 1}, "q4": {}}
    file = tmp_path / "given.json"
    file.write_text(json.dumps(given))
    (found,) = evaluate_models(["oracle"], str(folder), Settings(tmp_path, str(file), resamples=100))
    assert found.ceiling.means["recall"].value == pytest.approx(2 / 3)
    file.write_text(json.dumps(given | {"q1": {"orchard/1": 1}}))
    with pytest.raises(UserError, match="orchard/1"):
        evaluate_models(["oracle"], str(folder), Settings(tmp_path, str(file), resamples=100))


def test_what_cannot_be_evaluated_is_told_in_one_line(folder: Path, settings: Settings) -> None:
    with pytest.raises(UserError, match="no model in 'nothing'"):
        evaluate_models(["nothing"], str(folder), settings)
    with pytest.raises(UserError, match="jinaai/jina-reranker-m0"):
        evaluate_models(["jina-reranker-m0"], str(folder), settings)
    with pytest.raises(UserError, match="no model to evaluate"):
        evaluate_models([], str(folder), settings)


def test_a_collection_changes_its_fingerprint_with_its_judgements(folder: Path, settings: Settings) -> None:
    (first,), (again,) = (open_collections(str(folder), settings) for _ in range(2))
    assert again.fingerprint() == first.fingerprint()
    judged = replace(first.benchmark, qrels={"q1": {"harbor/1": 1}})
    assert replace(first, benchmark=judged).fingerprint() != first.fingerprint()
