"""`docrerank generate` as a user meets it: the plan, and one clear line for every mistake."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from reportlab.pdfgen.canvas import Canvas
from typer.testing import CliRunner

from docrerank.cli.app import app
from docrerank.pages import ingest
from docrerank.recipe import load_recipe
from docrerank.records import UserError
from docrerank.runs import Run

NOWHERE = "http://127.0.0.1:9/v1"


@pytest.fixture(scope="module")
def ingested(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("generate")
    canvas = Canvas(str(folder / "a.pdf"), invariant=1)
    for number in (1, 2):
        canvas.drawString(72, 700, f"Net revenue of plant {number} increased by {number}2% in 2020 to $4.5 million.")
        canvas.showPage()
    canvas.save()
    run = Run.create(folder / "run", load_recipe("cpu", ["workers=1"]))
    ingest(run, [folder / "a.pdf"])
    return run.path


@pytest.fixture
def run(ingested: Path, tmp_path: Path) -> Run:
    shutil.copytree(ingested, tmp_path / "run")
    return Run.open(tmp_path / "run")


def docrerank(*arguments: object) -> tuple[int, str]:
    done = CliRunner().invoke(app, [*map(str, arguments)], catch_exceptions=False)
    return done.exit_code, done.output


def test_a_dry_run_prints_the_plan_and_changes_nothing(run: Run) -> None:
    before = {path: path.stat().st_mtime_ns for path in run.path.rglob("*")}
    code, told = docrerank("generate", run.path, "--endpoint", NOWHERE, "--model", "some-vlm", "--dry-run")
    assert code == 0
    assert "2 pages to write queries for" in told
    assert f"judge: some-vlm at {NOWHERE}: 240 calls" in told
    assert "together 258 calls" in told
    assert {path: path.stat().st_mtime_ns for path in run.path.rglob("*")} == before


def test_a_dry_run_as_json_has_the_same_figures(run: Run) -> None:
    plan = json.loads(docrerank("generate", run.path, "--endpoint", NOWHERE, "--dry-run", "--json")[1])
    assert (plan["pages"], plan["calls"], plan["estimate"]) == (2, 258, True)


def test_a_dry_run_by_rules_says_that_no_model_is_asked(run: Run) -> None:
    assert "no model is asked" in docrerank("generate", run.path, "--dry-run")[1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--endpoint", "localhost"), "base_url"),
        (("--endpoint", "http://me:secret@host/v1"), "no user or password in base_url"),
        (("--endpoint", "embedded"), "give --endpoint URL --model NAME"),
        (("--set", "generate.judge.by=model"), "give --endpoint URL --model NAME"),
        (("--endpoint", NOWHERE, "--budget", "5"), "--budget needs prices"),
        (("--set", "generate.judge.by=robot"), "'rules' or 'model'"),
        (("--set", "generate.jduge.by=model"), "no recipe key"),
        (("--endpoint", NOWHERE, "--model", "m", "--set", "generate.judge.api_key_env=NO_KEY"), "NO_KEY is not set"),
    ],
)
def test_a_mistake_is_one_clear_line(arguments: tuple[str, ...], message: str, run: Run) -> None:
    with pytest.raises(UserError) as error:
        docrerank("generate", run.path, *arguments)
    assert message in str(error.value)
    assert "\n" not in str(error.value)
    assert "secret" not in str(error.value)


@pytest.mark.parametrize("option", [("--budget", "-1"), ("--nothing",)])
def test_a_wrong_option_is_a_usage_error(option: tuple[str, ...], run: Run) -> None:
    code, told = docrerank("generate", run.path, *option)
    assert code == 2
    assert option[0] in told


def test_a_folder_that_is_no_run_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError):
        docrerank("generate", tmp_path)
