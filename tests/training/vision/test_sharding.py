"""Weights cut over two processes train as whole weights in one process do."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from fixtures.launching import build_torchrun, environment, list_children, load_weights, torchrun
from fixtures.vision_runs import fill_run

from docrerank.runs import Run
from docrerank.training import loop, train

STEPS = str(Path(__file__).with_name("sharded_steps.py"))
#: A piece for each page; an odd number of them leaves one of two processes idle at the step's end.
SETTINGS = ("train.groups=8", "train.mined_share=0.5", "vision.micro_tokens=1", "vision.gradient_checkpointing=true")
STEP = ("train.batch_groups=3", "train.mined_share=0")
FORMS: dict[str, tuple[str, ...]] = {
    "adapter": (),
    "own": ("vision.lora_rank=0",),
    "tower": ("vision.train_vision=true",),
}
Make = Callable[..., Run]


def read_losses(run: Run) -> list[float]:
    losses: list[float] = json.loads((run.path / "training" / "curves.json").read_text())["loss"]
    return losses


def list_gradients(trainer: Any) -> dict[str, torch.Tensor]:
    for piece in trainer._load_pieces(0):
        trainer._learn(piece)
        if piece.last:
            break
    return {name: weight.grad for name, weight in trainer.weights.items()}


@pytest.fixture(scope="module")
def cut(tmp_path_factory: pytest.TempPathFactory, base: Path) -> Path:
    """Runs of every form of what learns, with the gradients of two processes: one start of both for all of them."""
    folder = tmp_path_factory.mktemp("cut")
    runs = [
        fill_run(folder / name, base, *SETTINGS, *STEP, *own, "vision.sharding=full") for name, own in FORMS.items()
    ]
    done = torchrun(2, STEPS, *(str(run.path) for run in runs))
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.parametrize("form", FORMS)
def test_gradients_of_cut_weights_are_sums_over_the_processes(
    form: str, cut: Path, make_trainer: Callable[..., Any]
) -> None:
    expected = list_gradients(make_trainer(*SETTINGS, *STEP, *FORMS[form]))
    found, means = (torch.load(cut / form / reduction) for reduction in ("sum", "mean"))
    assert found["cut"] > 0
    pieces, empty = found["pieces"]
    assert pieces % 2 == 0  # both have as many
    assert empty > 0, pieces
    wrong = 0.0
    for name, gradient in expected.items():
        assert torch.allclose(found["gradients"][name], gradient, atol=1e-5, rtol=1e-4), name
        wrong = max(wrong, float((means["gradients"][name] - gradient).abs().max()))
    assert wrong > 1e-3  # half of every gradient is missing


@pytest.mark.slow
def test_cut_weights_end_as_whole_ones_do(make_vision_run: Make) -> None:
    alone = make_vision_run(*SETTINGS, name="alone")
    shared = make_vision_run(*SETTINGS, "vision.sharding=full", name="shared")
    assert train(alone)["kept"] == "trained"
    done = torchrun(2, "-m", "docrerank.cli", "train", str(shared.path))
    assert done.returncode == 0, done.stderr
    assert read_losses(shared) == pytest.approx(read_losses(alone), abs=1e-5)
    one, two = load_weights(alone), load_weights(shared)
    assert one.keys() == two.keys()
    for name, weight in one.items():
        assert torch.allclose(weight, two[name], atol=1e-4), name


def test_a_killed_training_goes_on_in_another_number_of_processes(make_vision_run: Make) -> None:
    settings = ("train.groups=8", "train.epochs=11", "vision.sharding=full", "train.learning_rate=1e-3")
    whole, killed = make_vision_run(*settings, name="whole"), make_vision_run(*settings, name="killed")
    train(whole)
    command = build_torchrun(2, "-m", "docrerank.cli", "train", str(killed.path))
    checkpoint = killed.path / "training" / "checkpoint.pt"
    running = subprocess.Popen(command, env=environment(), stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 300
    while not checkpoint.is_file() and running.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    for process in (*list_children(running.pid), running.pid):
        os.kill(process, signal.SIGKILL)
    running.wait()
    time.sleep(0.5)
    assert checkpoint.is_file()
    assert not killed.model.exists()  # nobody is left who could finish it
    assert torch.load(checkpoint)["course"]["step"] == loop.STEPS_PER_CHECKPOINT
    train(killed)  # alone
    assert read_losses(killed) == pytest.approx(read_losses(whole), abs=1e-4)
    one, two = load_weights(whole), load_weights(killed)
    for name, weight in one.items():
        assert torch.allclose(weight, two[name], atol=1e-3), name
