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

from docrerank.cli.app import app
from docrerank.evaluation.ablation import ablate, find_arms
from docrerank.evaluation.ablation.folders import load_arm
from docrerank.evaluation.ablation.learned import describe_learned
from docrerank.records import FINANCE, UserError
from docrerank.runs import Run

ARMS = "generated,both+finance,unverified"
Result = dict[str, Any]


def command(source: Run, benchmark: Path, out: Path, arms: str) -> list[str]:
    sizes = ["--groups", "6", "--seeds", "1"]
    return ["ablate", str(source.path), "--benchmark", str(benchmark), "--arms", arms, "--out", str(out), *sizes]


def drop_seconds(result: Result) -> Result:
    """What must be the same however often the work was interrupted."""
    return {**result, "command": "", "arms": [{**arm, "seconds": {}} for arm in result["arms"]]}


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


def test_every_arm_learns_from_as_many_groups(finished: tuple[Path, Result]) -> None:
    out, result = finished
    learned = {
        folder.name: json.loads((folder / "measures.json").read_text())["learned"]["groups"]
        for folder in (out / "arms").iterdir()
    }
    assert learned.pop("untrained-1") == 0
    assert len(learned) == 4
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
    assert (out / "ablation.svg").read_text().count("<circle") == 2 * 4
    assert result["first_stage"]["alone"]["to_control"]["value"] == pytest.approx(
        result["first_stage"]["alone"]["mean"] - arms["mined"]["alone"]["mean"]
    )


def test_variants_have_the_runs_own_positives_and_other_hard_negatives(
    finished: tuple[Path, Result], source: Run
) -> None:
    out, _ = finished
    finance, loose = (list(Run.open(out / "data" / name).queries.read()) for name in ("finance", "unverified"))
    own = list(source.queries.read())
    for variant in (finance, loose):
        assert [q for q in variant if q.kind != "hard_negative"] == [q for q in own if q.kind != "hard_negative"]
    changed = {query.source_id for query in finance if query.id.rpartition("/")[2].startswith("f")}
    assert len(changed) == round(sum(query.kind == "positive" for query in own) / 3)
    edited = {query.property for query in finance if query.source_id in changed and query.kind == "hard_negative"}
    assert edited <= set(FINANCE)
    rejected = {
        (row.page_id, row.subject)
        for row in source.rejected("generate").read()
        if row.reason == "negative answered by its page"
    }
    assert {(query.page_id, query.text) for query in loose if query.kind == "hard_negative"} & rejected
    assert not {(query.page_id, query.text) for query in own if query.kind == "hard_negative"} & rejected


def test_it_is_told_how_many_negatives_the_judge_had_turned_down(finished: tuple[Path, Result], source: Run) -> None:
    out, result = finished
    unverified = Run.open(out / "data" / "unverified")
    arm = next(arm for arm in find_arms("unverified") if arm.name == "unverified")
    learned = describe_learned(Run(unverified.path, load_arm(unverified, arm, 100, 1)))
    assert learned.turned_down is not None
    assert 0 < learned.turned_down < 1
    assert describe_learned(Run(source.path, load_arm(source, arm, 100, 1))).turned_down == 0
    by_name = {arm["name"]: arm["learned"] for arm in result["arms"]}
    assert by_name["mined"]["turned_down"] is None


def test_what_is_done_is_not_done_again(finished: tuple[Path, Result], source: Run, benchmark_folder: Path) -> None:
    out, result = finished
    before = {file: file.stat().st_mtime_ns for file in out.glob("arms/*/model/*")}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("docrerank.evaluation.ablation.ablate.evaluate", None)
        again = ablate(source, benchmark_folder, find_arms(ARMS), out, groups=6, seeds=1, named=True)
    assert json.loads(json.dumps(again.to_dict())) == result
    assert {file: file.stat().st_mtime_ns for file in out.glob("arms/*/model/*")} == before


def test_a_killed_ablation_goes_on_to_the_same_numbers(
    finished: tuple[Path, Result], source: Run, benchmark_folder: Path, tmp_path: Path
) -> None:
    line = [sys.executable, "-m", "docrerank.cli", *command(source, benchmark_folder, tmp_path, "mined")]
    child = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    deadline = time.monotonic() + 120
    checkpoint = tmp_path / "arms" / "mined-1" / "training" / "checkpoint.pt"
    while not checkpoint.is_file() and time.monotonic() < deadline and child.poll() is None:
        time.sleep(0.05)
    os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    assert not (tmp_path / "ablation.json").exists()
    assert checkpoint.is_file()
    assert not (tmp_path / "arms" / "mined-1" / "model").exists()
    before = (tmp_path / "arms" / "untrained-1" / "measures.json").stat().st_mtime_ns
    subprocess.run(line, check=True, capture_output=True, timeout=300)
    assert (tmp_path / "arms" / "untrained-1" / "measures.json").stat().st_mtime_ns == before
    _, expected = finished
    found = json.loads((tmp_path / "ablation.json").read_text())
    assert drop_seconds(found) == drop_seconds({**expected, "arms": expected["arms"][:2]})


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
    assert [arm.name for arm in found.arms] == ["untrained", "mined"]
    assert [one.arm for one in found.skipped] == ["both+finance", "both+rephrased"]
    assert "both+finance: skipped, the run's queries were imported, others like them cannot be made" in said
    assert "both+rephrased: skipped, the run has no rephrased queries" in said


def test_two_ablations_in_one_folder_are_refused(source: Run, benchmark_folder: Path, tmp_path: Path) -> None:
    with Run(tmp_path, source.recipe).locked(), pytest.raises(UserError, match="another docrerank works on"):
        ablate(source, benchmark_folder, find_arms("generated"), tmp_path, groups=4, seeds=1)
