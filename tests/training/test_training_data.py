from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from docrerank.records import UserError
from docrerank.runs import Run
from docrerank.training.training_data import gather


def test_groups_are_of_pages_that_the_dev_part_does_not_have(run: Run) -> None:
    found = gather(run)
    assert len(found.groups) == 12
    asked = {page for group in found.groups for page in group.group.pages}
    assert asked <= found.split.train
    assert {page.id for page in found.dev.pages} <= found.split.dev
    assert set(found.pages) == asked


def test_a_run_that_was_not_mined_says_how_to(run: Run) -> None:
    shutil.rmtree(run.path / "mined")
    with pytest.raises(UserError, match=r"docrerank mine .*, or --set train\.mined_share=0"):
        gather(run)


def test_generated_groups_alone_need_no_mining(tmp_path: Path, make_run: Callable[..., Run]) -> None:
    run = make_run(tmp_path / "run", ("train.mined_share=0",))
    shutil.rmtree(run.path / "mined")
    assert {group.group.kind for group in gather(run).groups} == {"generated"}
