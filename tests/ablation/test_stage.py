"""Whole ablations over three small documents, by the command line."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from docrerank.ablation import ablate, find_arms
from docrerank.cli.app import app
from docrerank.runs import Run

ARMS = "generated,both+finance,unverified,negatives-16"
Result = dict[str, Any]


def command(source: Run, benchmark: Path, out: Path, arms: str) -> list[str]:
    sizes = ["--groups", "6", "--seeds", "1"]
    return ["ablate", str(source.path), "--benchmark", str(benchmark), "--arms", arms, "--out", str(out), *sizes]


@pytest.fixture(scope="module")
def finished(source: Run, benchmark_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    out = tmp_path_factory.mktemp("arms")
    done = CliRunner().invoke(app, [*command(source, benchmark_folder, out, ARMS), "--json"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return out, json.loads(done.stdout)


def test_every_arm_learns_from_as_many_groups(finished: tuple[Path, Result]) -> None:
    out, result = finished
    learned = {
        folder.name: json.loads((folder / "measures.json").read_text())["groups"]
        for folder in (out / "arms").iterdir()
    }
    assert learned.pop("untrained-1") == 0
    assert len(learned) == 5
    assert set(learned.values()) == {result["groups"]}


def test_arms_are_compared_with_the_control_and_the_untrained_model(finished: tuple[Path, Result]) -> None:
    out, result = finished
    arms = {arm["name"]: arm["systems"] for arm in result["arms"]}
    assert list(arms) == ["untrained", "mined", *ARMS.split(",")]
    assert arms["mined"]["alone"]["to_control"] is None
    assert arms["untrained"]["fused"]["to_untrained"] is None
    difference = arms["generated"]["alone"]["to_control"]
    assert difference["low"] <= difference["value"] <= difference["high"]
    assert difference["value"] == pytest.approx(arms["generated"]["alone"]["mean"] - arms["mined"]["alone"]["mean"])
    assert "| unverified |" in (out / "ablation.md").read_text()
    assert (out / "ablation.svg").read_text().count("<circle") == 2 * 5


def test_variants_differ_from_the_runs_own_queries_in_what_they_say(
    finished: tuple[Path, Result], source: Run
) -> None:
    out, _ = finished
    edited = {query.property for query in Run.open(out / "data" / "finance").queries.read()}
    assert edited - {""} <= {"year", "entity", "value", "metric", "subject", "segment"}
    own = {query.text for query in source.queries.read() if query.kind == "hard_negative"}
    loose = {query.text for query in Run.open(out / "data" / "unverified").queries.read() if query.property}
    rejected = {
        row.subject for row in source.rejected("generate").read() if row.reason == "negative answered by its page"
    }
    assert loose & rejected
    assert not own & rejected


def test_what_is_done_is_not_done_again(finished: tuple[Path, Result], source: Run, benchmark_folder: Path) -> None:
    out, result = finished
    before = {file: file.stat().st_mtime_ns for file in out.glob("arms/*/model/*")}
    again = ablate(source, benchmark_folder, find_arms(ARMS), out, groups=6, seeds=1, named=True)
    assert json.loads(json.dumps(again.to_dict())) == result
    assert {file: file.stat().st_mtime_ns for file in out.glob("arms/*/model/*")} == before


def test_a_killed_ablation_goes_on_to_the_same_numbers(
    finished: tuple[Path, Result], source: Run, benchmark_folder: Path, tmp_path: Path
) -> None:
    line = [sys.executable, "-m", "docrerank.cli", *command(source, benchmark_folder, tmp_path, ARMS)]
    child = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    deadline = time.monotonic() + 120
    while not (tmp_path / "arms" / "generated-1").is_dir() and time.monotonic() < deadline and child.poll() is None:
        time.sleep(0.05)
    os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    assert not (tmp_path / "ablation.json").exists()
    subprocess.run(line, check=True, capture_output=True, timeout=300)
    _, expected = finished
    assert json.loads((tmp_path / "ablation.json").read_text()) == expected


def test_an_arm_whose_queries_cannot_be_made_is_skipped_with_its_reason(
    source: Run, benchmark_folder: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    shutil.copytree(source.path, folder)
    (folder / "imported").mkdir()
    said: list[str] = []
    found = ablate(
        Run.open(folder), benchmark_folder, find_arms("paper"), tmp_path / "out", groups=4, seeds=1, say=said.append
    )
    assert [arm.name for arm in found.arms] == ["untrained", "mined", "both"]
    assert [one.arm for one in found.skipped] == ["both+finance", "both+finance+rephrased"]
    assert "both+finance: skipped, the run's queries were imported, others like them cannot be made" in said
