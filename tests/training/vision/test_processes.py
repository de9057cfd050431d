"""Two processes on one training end with the weights of one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable

import pytest
from fixtures.launching import build_accelerate, build_torchrun, launch, load_weights

from docrerank.retrieval import read_card
from docrerank.runs import Run


@pytest.mark.slow
@pytest.mark.parametrize("build", [build_torchrun, build_accelerate])
def test_two_processes_end_with_the_weights_of_one(
    build: Callable[..., list[str]], make_vision_run: Callable[..., Run]
) -> None:
    import torch

    from docrerank.training import train

    settings = ("train.groups=8", "train.mined_share=0.5")
    alone, shared = make_vision_run(*settings, name="alone"), make_vision_run(*settings, name="shared")
    counts = train(alone)
    assert counts["kept"] == "trained"  # else both would deliver the base
    done = launch(build(2, "-m", "docrerank.cli", "train", str(shared.path)))
    assert done.returncode == 0, done.stderr
    one, two = load_weights(alone), load_weights(shared)
    assert one.keys() == two.keys()
    for name, weight in one.items():
        assert torch.allclose(weight, two[name], atol=1e-4), name
    curves = [(run.path / "training" / "curves.json").read_text() for run in (alone, shared)]
    losses = [json.loads(text)["loss"] for text in curves]
    assert max(abs(a - b) for a, b in zip(*losses, strict=True)) < 1e-4
    assert counts["steps"] == len(losses[0]) == 2
    assert read_card(shared.model).made_from == read_card(alone.model).made_from


def test_several_processes_share_nothing_but_the_training() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "docrerank.cli", "run", ".", "--out", "nowhere"],
        capture_output=True,
        text=True,
        env={**os.environ, "WORLD_SIZE": "2"},
    )
    assert done.returncode == 1
    assert "torchrun -m docrerank.cli train" in done.stderr
