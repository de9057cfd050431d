"""Whole ablations over three small documents, by the command line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from docrerank.cli.app import app
from docrerank.evaluation.ablation import ablate, find_arms
from docrerank.evaluation.ablation.train_arms import _open_data
from docrerank.recipe import load_recipe
from docrerank.records import UserError
from docrerank.retrieval import ENCODINGS
from docrerank.runs import Run

ARMS = "unverified"
Result = dict[str, Any]


def command(source: Run, benchmark: Path, out: Path, arms: str) -> list[str]:
    sizes = ["--groups", "6", "--seeds", "1"]
    return ["ablate", str(source.path), "--benchmark", str(benchmark), "--arms", arms, "--out", str(out), *sizes]


def list_files(folder: Path) -> dict[str, int]:
    return {str(file.relative_to(folder)): file.stat().st_mtime_ns for file in folder.rglob("*") if file.is_file()}


@pytest.fixture(scope="module")
def finished(source: Run, benchmark_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    out = tmp_path_factory.mktemp("arms")
    before = list_files(source.path)
    done = CliRunner().invoke(app, [*command(source, benchmark_folder, out, ARMS), "--json"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert list_files(source.path) == before  # the run stays as it is
    return out, json.loads(done.stdout)


@pytest.mark.slow
def test_every_arm_is_a_run_that_learned_from_as_many_groups(finished: tuple[Path, Result]) -> None:
    out, result = finished
    runs = [Run.open(folder) for folder in (out / "arms").iterdir()]
    assert len(runs) == 2
    for run in runs:
        assert run.manifest.read()["stages"]["train"]["groups"] == result["groups"] <= run.recipe.train.groups
        assert run.evaluation.is_file()


@pytest.mark.slow
def test_arms_are_compared_with_the_start_the_control_and_their_counterpart(finished: tuple[Path, Result]) -> None:
    out, result = finished
    arms = {arm["name"]: arm for arm in result["arms"]}
    assert list(arms) == ["no reranker", "start", "mined", ARMS]
    difference = arms["unverified"]["differences"]["mined"]
    assert difference["low"] <= difference["value"] <= difference["high"]
    assert difference["value"] == pytest.approx(arms["unverified"]["mean"] - arms["mined"]["mean"])
    assert "| unverified |" in (out / "ablation.md").read_text()


@pytest.mark.slow
def test_an_arms_queries_are_made_by_its_own_keys(finished: tuple[Path, Result], source: Run) -> None:
    out, _ = finished
    loose = Run.open(out / "data" / "verify_negatives=false").queries.read()
    turned_down = {
        (row.page_id, row.subject)
        for row in source.rejected("generate").read()
        if row.reason == "negative answered by its page"
    }
    assert {(query.page_id, query.text) for query in loose if query.kind == "hard_negative"} & turned_down
    own = [query for query in source.queries.read() if query.kind == "hard_negative"]
    assert not {(query.page_id, query.text) for query in own} & turned_down


@pytest.mark.slow
def test_pages_are_encoded_once_for_all_arms(finished: tuple[Path, Result], source: Run) -> None:
    out, _ = finished
    assert {folder.name for folder in (out / ENCODINGS).iterdir()} >= {
        folder.name for folder in (source.path / ENCODINGS).iterdir()
    }
    for folder in (source.path / ENCODINGS).rglob("*.safetensors"):
        assert (out / folder.relative_to(source.path)).stat().st_ino == folder.stat().st_ino


@pytest.mark.slow
def test_what_is_done_is_not_done_again(finished: tuple[Path, Result], source: Run, benchmark_folder: Path) -> None:
    out, result = finished
    before = {
        file: file.stat().st_mtime_ns for name in ("model/*", "evaluation.json") for file in out.glob(f"arms/*/{name}")
    }
    again = CliRunner().invoke(app, [*command(source, benchmark_folder, out, ARMS), "--json"], catch_exceptions=False)
    assert json.loads(again.stdout) == result
    assert {file: file.stat().st_mtime_ns for file in before} == before


def test_arms_that_cannot_be_made_are_skipped_with_their_reasons(
    source: Run, benchmark_folder: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    shutil.copytree(source.path, folder)
    (folder / "imported").mkdir()
    run, said = Run.open(folder), list[str]()
    for name in run.queries.names():
        run.queries.write(name, [query for query in run.queries.read(name) if query.kind != "rephrased"], "bare")
    arms = find_arms("both+finance,both+rephrased")
    found = ablate(run, benchmark_folder, arms, tmp_path / "out", groups=4, seeds=1, say=said.append)
    assert [arm.name for arm in found.arms] == ["no reranker", "start", "mined"]
    assert list(found.skipped) == ["both+finance", "both+rephrased"]
    assert "both+finance: skipped, the run's queries were imported, others like them cannot be made" in said
    assert "both+rephrased: skipped, the run has no rephrased queries" in said


def test_a_models_endpoint_is_called_only_if_the_arm_is_named(source: Run, tmp_path: Path) -> None:
    asked = ["generate.judge.by=model", "generate.judge.base_url=http://127.0.0.1:9/v1", "generate.judge.model=none"]
    run = Run.create(tmp_path / "run", load_recipe(source.path / "recipe.yaml", asked))
    unverified = find_arms("unverified")[1]
    with pytest.raises(UserError, match="it would call the run's endpoints again"):
        _open_data(run, unverified, tmp_path / "out", named=False, progress=lambda done, total: None)


def test_two_ablations_in_one_folder_are_refused(source: Run, benchmark_folder: Path, tmp_path: Path) -> None:
    with Run(tmp_path, source.recipe).locked(), pytest.raises(UserError, match="another docrerank works on"):
        ablate(source, benchmark_folder, find_arms("generated"), tmp_path, groups=4, seeds=1)
