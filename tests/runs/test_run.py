from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from docrerank.recipe import load_recipe
from docrerank.records import UserError
from docrerank.runs import Run


def test_a_run_is_opened_with_the_recipe_it_was_created_with(tmp_path: Path) -> None:
    recipe = load_recipe("cpu", ["seed=99"])
    Run.create(tmp_path / "run", recipe)
    assert Run.open(tmp_path / "run").recipe == recipe


def test_a_folder_that_is_no_run_and_a_file_are_user_errors(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is not a run folder"):
        Run.open(tmp_path)
    (tmp_path / "file").write_text("x")
    with pytest.raises(UserError, match="is a file"):
        Run.create(tmp_path / "file", load_recipe())


def test_a_second_process_is_refused_while_a_run_is_held_and_admitted_after(tmp_path: Path) -> None:
    code = "import sys\nfrom docrerank.runs import Run\nwith Run.open(sys.argv[1]).locked():\n    print('held')\n"
    run = Run.create(tmp_path / "run", load_recipe())
    command = [sys.executable, "-c", code, str(run.path)]
    with run.locked():
        second = subprocess.run(command, capture_output=True, text=True, check=False)
        assert "another docrerank works on" in second.stderr
    assert subprocess.run(command, capture_output=True, text=True, check=False).stdout == "held\n"


def test_holding_a_run_clears_what_a_killed_process_left(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run", load_recipe())
    (run.path / ".x.tmp").write_text("half")
    with run.locked():
        assert not (run.path / ".x.tmp").exists()


def test_the_manifest_keeps_each_stages_counts_and_survives_damage(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run", load_recipe())
    for name in ("ingest", "mine"):
        with run.manifest.stage(name) as counts:
            counts["pages"] = 3
    stages = json.loads((run.path / "run.json").read_text())["stages"]
    assert set(stages) == {"ingest", "mine"}
    assert stages["mine"]["pages"] == 3
    assert stages["mine"]["peak_mib"] > 0
    run.manifest.path.write_text("[torn")
    assert run.manifest.read() == {}


def test_a_stage_that_fails_leaves_no_entry(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run", load_recipe())
    with pytest.raises(UserError), run.manifest.stage("ingest"):
        raise UserError("stop; mend")
    assert run.manifest.read() == {}
