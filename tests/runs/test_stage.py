"""A stage does what is missing or was made from something else, and forgets what it no longer has."""

from __future__ import annotations

from pathlib import Path

import pytest

from docrerank.recipe import load_recipe
from docrerank.records import Rejected
from docrerank.runs import Run, Stage


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run.create(tmp_path / "run", load_recipe("cpu", ["workers=1"]))


def open_stage(run: Run, **made_from: str) -> Stage:
    return Stage(run, "look", made_from, run.rejected("look"))


def finish(stage: Stage) -> None:
    for name, _ in stage.work(len, stage.todo(), 60):
        stage.parts[-1].write(name, [Rejected("look", name, "seen")], stage.made_from[name])


def test_only_what_was_made_from_something_else_is_to_do(run: Run) -> None:
    finish(open_stage(run, a="1", b="1"))
    assert open_stage(run, a="1", b="1").todo() == []
    assert open_stage(run, a="1", b="2", c="1").todo() == ["b", "c"]


def test_a_shard_without_its_last_part_is_to_do(run: Run) -> None:
    first, last = run.rejected("first"), run.rejected("last")
    first.write("a", [], "1")
    assert Stage(run, "look", {"a": "1"}, first, last).todo() == ["a"]
    last.write("a", [], "1")
    assert Stage(run, "look", {"a": "1"}, first, last).todo() == []


def test_parts_of_shards_that_are_gone_are_deleted_when_it_is_said(run: Run) -> None:
    finish(open_stage(run, a="1", b="1"))
    stage = open_stage(run, a="1")
    assert run.rejected("look").names() == ["a", "b"]
    stage.forget_others()
    assert run.rejected("look").names() == ["a"]


def test_its_seconds_and_counts_stand_in_the_manifest(run: Run) -> None:
    with open_stage(run, a="1").record() as counts:
        counts["seen"] = 1
    entry = run.manifest.read()["stages"]["look"]
    assert entry["seen"] == 1
    assert entry["seconds"] >= 0
