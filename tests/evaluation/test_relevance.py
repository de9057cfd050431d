from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from docrerank.evaluation import evaluate
from docrerank.evaluation.answerability import describe_relevance
from docrerank.evaluation.benchmark import Benchmark, BenchmarkQuery
from docrerank.evaluation.probe import calibrate
from docrerank.records import UserError
from docrerank.retrieval import choose_threshold
from docrerank.runs import Run

BENCHMARK = Benchmark(
    Path("bench"),
    (
        BenchmarkQuery("a", "Sales of Acme in 2019?"),
        BenchmarkQuery("b", "Costs?"),
        BenchmarkQuery("c", "Sales of Bolt in 1800?", answerable=False),
    ),
    {"a": {"d/1": 1}, "b": {"d/2": 1}},
)


def test_the_stored_threshold_is_judged_with_intervals() -> None:
    threshold = choose_threshold([(True, 0.9), (False, 0.1)] * 20, 0.0, "dev part")
    found = describe_relevance("trained", {"a": 0.95, "b": 0.05, "c": 0.9}, BENCHMARK, threshold)
    assert found is not None
    shares = found["at_threshold"]
    assert (shares["answers_kept"]["value"], shares["false_answers"]["value"]) == (0.5, 1.0)
    assert shares["answers_kept"]["low"] < 0.5 < shares["answers_kept"]["high"]
    assert found["curve"][0][1:] == [1.0, 1.0]


def test_without_unanswerable_questions_there_is_nothing_to_say() -> None:
    answered = Benchmark(Path("bench"), BENCHMARK.queries[:2], BENCHMARK.qrels)
    assert describe_relevance("trained", {"a": 1.0, "b": 1.0}, answered, None) is None


def test_an_evaluation_without_a_model_holds_relevance(run: Run, benchmark: Path, tmp_path: Path) -> None:
    shutil.copytree(run.path, tmp_path / "RUN", ignore=shutil.ignore_patterns("model", "evaluation.json"))
    other = Run.open(tmp_path / "RUN")
    evaluate(other, benchmark)
    found = json.loads(other.evaluation.read_text())["relevance"]
    assert found["system"] == "untrained late interaction"
    assert found["threshold"] is None


def test_calibrating_without_a_model_is_told(make_run: Callable[..., Run], tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no model in .*: train one, or give --model"):
        calibrate(make_run(tmp_path / "run"), tmp_path / "model", None, 0.1)


def test_too_few_questions_are_counted_before_a_page_is_read_or_a_model_loaded(
    make_run: Callable[..., Run], write_benchmark: Callable[..., Path], tmp_path: Path
) -> None:
    run, model, benchmark = make_run(tmp_path / "run"), tmp_path / "model", write_benchmark(tmp_path / "bench")
    model.mkdir()  # neither the run nor this folder holds anything that could be read
    with pytest.raises(UserError, match=r"the run's pages have \d+ answerable and \d+ unanswerable questions, 20 of"):
        calibrate(run, model, None, 0.1)
    with pytest.raises(UserError, match=r"bench' has 3 answerable and 1 unanswerable questions, 20 of each"):
        calibrate(run, model, benchmark, 0.1)
