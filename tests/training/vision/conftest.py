from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fixtures.vision_runs import fill_run

from docrerank.runs import Run

pytest.importorskip("torch")
pytest.importorskip("peft")


@pytest.fixture(scope="session", autouse=True)
def _few_threads(one_thread: None) -> None:
    """Models this small lose more to waiting threads than they gain."""


@pytest.fixture(scope="session")
def base(tiny_base: Path) -> Path:
    return tiny_base


@pytest.fixture
def make_vision_run(tmp_path: Path, base: Path) -> Callable[..., Run]:
    return lambda *overrides, name="run": fill_run(tmp_path / name, base, *overrides)


@pytest.fixture
def make_trainer(make_vision_run: Callable[..., Run]) -> Callable[..., Any]:
    """A trainer over a small run."""

    def make(*overrides: str, name: str = "run") -> Any:
        from docrerank.training.training_data import gather
        from docrerank.training.vision_trainer import VisionTrainer
        from docrerank.vision.adapt import load_learner
        from docrerank.vision.processes import join_processes

        run = make_vision_run(*overrides, name=name)
        recipe, checkpoint = run.recipe, run.path / "training" / "checkpoint.pt"
        parts = load_learner(recipe.train.base, recipe.vision, "cpu", recipe.seed)
        return VisionTrainer(parts, gather(run), recipe, checkpoint, "origin", join_processes())

    return make
