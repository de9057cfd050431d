from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from docrerank.evaluation import evaluate, read_evaluation
from docrerank.evaluation.benchmark import read_benchmark
from docrerank.evaluation.benchmark.pdf_pages import open_corpus
from docrerank.evaluation.names import (
    BM25,
    FIRST_STAGE,
    FUSION,
    TOKENS,
    TRAINED,
    TRAINED_FUSED,
    WINDOW,
)
from docrerank.pages import ingest
from docrerank.records import UserError
from docrerank.reranker import Searcher
from docrerank.retrieval import FusionWeights, read_card
from docrerank.runs import Run

Make = Callable[..., Any]


def take_tops(run: Run, system: str) -> dict[str, list[str]]:
    queries = read_evaluation(run)["queries"]
    return {query["id"]: [page for page, _ in query["systems"][system]["top"]] for query in queries}


def drop_times(content: dict[str, Any]) -> dict[str, Any]:
    """An evaluation without what a clock says; the table shows times too."""
    for system in content["comparison"]["systems"].values():
        assert system.pop("ms_per_query") >= 0
    return {key: value for key, value in content.items() if key != "table"}


def test_every_floor_stands_beside_the_trained_model(run: Run) -> None:
    comparison = read_evaluation(run)["comparison"]
    trained = {name: system["trained"] for name, system in comparison["systems"].items()}
    assert list(trained)[:5] == [BM25, WINDOW, TOKENS, FIRST_STAGE, FUSION]
    assert [name for name, is_trained in trained.items() if is_trained] == [
        "docrerank-mini, fused",
        "trained",
        "trained, fused",
    ]
    assert not trained[comparison["baseline"]]
    assert comparison["queries"] == 3
    assert comparison["systems"][TRAINED]["differences"]["NDCG@5"]["interval"].keys() == {"value", "low", "high"}
    assert comparison["systems"][TRAINED]["answerability"]["unanswerable"] == 1


def test_the_file_says_what_made_it(run: Run) -> None:
    content = read_evaluation(run)
    assert content["benchmark"] == "tiny"
    assert content["seed"] == run.recipe.seed
    assert content["comparison"]["resamples"] == 100
    assert content["corpus"] == {"documents": 3, "own": 3, "unreadable": []}
    assert content["command"].startswith(Path(sys.argv[0]).name)
    assert "trained, fused" in content["table"]


def test_easy_questions_are_answered(run: Run) -> None:
    for system in (BM25, WINDOW, TOKENS, FUSION, TRAINED):
        first = {query: pages[0] for query, pages in take_tops(run, system).items() if query != "q4"}
        assert first == {"q1": "harbor/2", "q2": "harbor/3", "q3": "orchard/1"}, system


def test_a_question_of_a_document_is_ranked_over_its_pages_and_others_over_all(run: Run) -> None:
    tops = take_tops(run, TOKENS)
    assert {page.split("/")[0] for page in tops["q1"]} == {"harbor"}
    assert len(tops["q1"]) == 4
    assert len(tops["q3"]) == 9


def test_the_reranker_only_reorders_the_first_stages_candidates(run: Run) -> None:
    first, reranked = take_tops(run, FIRST_STAGE), take_tops(run, TRAINED)
    assert all(set(reranked[query]) == set(pages[:2]) for query, pages in first.items())


def test_the_first_stage_is_the_one_of_a_search(run: Run, benchmark: Path) -> None:
    first, search = take_tops(run, FIRST_STAGE), Searcher(run).first
    asked = {query.id: query for query in read_benchmark(benchmark).queries}
    for query, pages in first.items():
        found = search.find(asked[query].text, 4, asked[query].document).pages
        assert [page.id for page in found] == pages[:4]


def test_a_model_that_is_the_untrained_one_scores_as_it(run: Run) -> None:
    scores = {query["id"]: query["systems"] for query in read_evaluation(run)["queries"]}
    for systems in scores.values():
        assert {tuple(row) for row in systems[TRAINED]["top"]} <= {tuple(row) for row in systems[TOKENS]["top"]}


def test_the_gain_of_training_stands_apart_from_the_start_s(run: Run) -> None:
    content = read_evaluation(run)
    assert content["start"]["system"] == "docrerank-mini, fused"
    assert content["trained"]["system"] == TRAINED_FUSED
    (pair,) = [
        pair["differences"]["NDCG@5"]
        for pair in content["comparison"]["pairs"]
        if (pair["first"], pair["second"]) == (TRAINED_FUSED, "docrerank-mini, fused")
    ]
    assert content["gain_of_training"] == {**pair["interval"], "p": pair["p"]}
    tops, first = take_tops(run, "docrerank-mini, fused"), take_tops(run, FIRST_STAGE)
    assert all(set(tops[query]) == set(pages[:2]) for query, pages in first.items())  # as `trained, fused` does


def test_the_start_is_fused_with_the_trained_model_s_weights(
    run: Run, benchmark: Path, tmp_path: Path, make_run: Make
) -> None:
    """A model of other weights than today's: what it gains by them is no gain of training."""
    shutil.copytree(run.path, tmp_path / "RUN")
    other = make_run(tmp_path / "RUN", "train.base=minilm")
    replace(read_card(other.model), fusion=FusionWeights(0.1, 0.1, 3.0)).write(other.model)
    evaluate(other, benchmark)
    for query in read_evaluation(other)["queries"]:
        assert query["systems"]["minilm, fused"]["top"] == query["systems"][TRAINED_FUSED]["top"]


def test_a_fused_row_says_what_a_search_says_of_an_answer(run: Run) -> None:
    """Fused scores tell a question's pages apart, not questions; relevance does."""
    systems = read_evaluation(run)["comparison"]["systems"]
    assert systems[TRAINED_FUSED]["answerability"] == systems[TRAINED]["answerability"]


def test_a_second_identical_evaluation_is_not_computed_again(run: Run, benchmark: Path) -> None:
    before, steps = run.evaluation.stat().st_mtime_ns, []
    counts = evaluate(run, benchmark, lambda done, total: steps.append(done))
    assert (run.evaluation.stat().st_mtime_ns, steps) == (before, [])
    assert counts["questions"] == 3


def test_the_same_run_gives_the_same_numbers(run: Run, benchmark: Path, tmp_path: Path) -> None:
    first = drop_times(read_evaluation(run))
    shutil.copytree(run.path, tmp_path / "RUN")
    again = Run.open(tmp_path / "RUN")
    again.evaluation.unlink()
    evaluate(again, benchmark)
    assert drop_times(read_evaluation(again)) == first


def test_documents_that_the_run_lacks_are_read_into_it(
    run: Run, benchmark: Path, tmp_path: Path, make_run: Make, write_pdf: Make
) -> None:
    """One document of the run has the benchmark's name, but is another."""
    other = make_run(tmp_path / "RUN")
    ingest(other, [write_pdf(tmp_path / "harbor.pdf", ["Something else."])])
    counts = evaluate(other, benchmark)
    content = read_evaluation(other)
    assert content["corpus"] == {"documents": 3, "own": 0, "unreadable": []}
    floors = read_evaluation(run)["comparison"]["systems"]
    for name, system in content["comparison"]["systems"].items():
        assert system["metrics"]["NDCG@5"]["value"] == pytest.approx(floors[name]["metrics"]["NDCG@5"]["value"])
    assert (counts["trained"], counts["gain_of_training"]) == (None, None)
    assert "no trained reranker yet" in content["table"]
    assert [page.text for page in other.pages.read()] == ["Something else.\n"]


def test_changed_questions_are_evaluated_again(run: Run, tmp_path: Path, write_benchmark: Make) -> None:
    shutil.copytree(run.path, tmp_path / "RUN")
    changed = write_benchmark(tmp_path / "tiny", qrels="q1\tharbor/1\t1\n")
    assert evaluate(Run.open(tmp_path / "RUN"), changed)["questions"] == 1


def test_qrels_that_name_a_page_which_is_not_there_are_kept_in_a_row_and_the_rest_is_measured(
    run: Run, tmp_path: Path, write_benchmark: Make
) -> None:
    shutil.copytree(run.path, tmp_path / "RUN")
    copy = Run.open(tmp_path / "RUN")
    folder = write_benchmark(tmp_path / "tiny", qrels="q1\tharbor/2\t1\nq2\tharbor/9\t1\n")
    assert evaluate(copy, folder)["questions"] == 2
    (row,) = copy.rejected("evaluate").read()
    assert (row.subject, row.reason) == ("harbor/9", "no such page")
    assert "line 3" in row.detail
    assert "1 relevant pages are in no document" in read_evaluation(copy)["table"]


def test_a_document_that_cannot_be_read_is_left_out_and_named(run: Run, benchmark: Path, tmp_path: Path) -> None:
    shutil.copytree(benchmark, tmp_path / "tiny")
    (tmp_path / "tiny" / "corpus" / "broken.pdf").write_bytes(b"%PDF-1.7 and no more")
    corpus = open_corpus(run, read_benchmark(tmp_path / "tiny"))
    assert (sorted(corpus.parts), corpus.own, corpus.unreadable) == (["harbor", "orchard", "scans"], 3, ("broken",))


def test_a_run_that_was_not_evaluated_says_what_to_do(tmp_path: Path, make_run: Make) -> None:
    run = make_run(tmp_path / "RUN")
    with pytest.raises(UserError, match="not evaluated yet: docrerank evaluate"):
        read_evaluation(run)
    run.evaluation.write_text(json.dumps([1]))
    with pytest.raises(UserError, match="damaged: delete it"):
        read_evaluation(run)
    run.evaluation.write_text(json.dumps({"comparison": {"breakdown": []}}))
    with pytest.raises(UserError, match=r"another version .*: docrerank evaluate .* --benchmark FOLDER"):
        read_evaluation(run)
