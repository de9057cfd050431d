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

from docrerank.runs import Run
from docrerank.training import train
from docrerank.training.vision import loop

STEPS = str(Path(__file__).with_name("sharded_steps.py"))
#: A piece for each page; an odd number of them leaves one of two processes idle at the step's end.
SETTINGS = ("train.groups=8", "train.mined_share=0.5", "vision.micro_tokens=1", "vision.gradient_checkpointing=true")
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


@pytest.mark.parametrize("settings", [(), ("vision.lora_rank=0",), ("vision.train_vision=true",)])
def test_gradients_of_cut_weights_are_sums_over_the_processes(
    settings: tuple[str, ...], make_vision_run: Make, make_trainer: Callable[..., Any], launching: Any, tmp_path: Path
) -> None:
    settings = ("train.batch_groups=3", "train.mined_share=0", *settings)
    expected = list_gradients(make_trainer(*SETTINGS, *settings, name="alone"))
    shared = make_vision_run(*SETTINGS, *settings, "vision.sharding=full", name="shared")
    found = {}
    for reduction in ("sum", "mean"):
        done = launching.torchrun(2, STEPS, str(shared.path), str(tmp_path / reduction), reduction)
        assert done.returncode == 0, done.stderr
        found[reduction] = torch.load(tmp_path / reduction)
    assert found["sum"]["cut"] > 0
    pieces, empty = found["sum"]["pieces"]
    assert pieces % 2 == 0  # both have as many
    assert empty > 0, pieces
    wrong = 0.0
    for name, gradient in expected.items():
        assert torch.allclose(found["sum"]["gradients"][name], gradient, atol=1e-5, rtol=1e-4), name
        wrong = max(wrong, float((found["mean"]["gradients"][name] - gradient).abs().max()))
    assert wrong > 1e-3  # half of every gradient is missing


def test_cut_weights_end_as_whole_ones_do(make_vision_run: Make, launching: Any) -> None:
    alone = make_vision_run(*SETTINGS, name="alone")
    shared = make_vision_run(*SETTINGS, "vision.sharding=full", name="shared")
    assert train(alone)["kept"] == "trained"
    done = launching.torchrun(2, "-m", "docrerank.cli", "train", str(shared.path))
    assert done.returncode == 0, done.stderr
    assert read_losses(shared) == pytest.approx(read_losses(alone), abs=1e-5)
    one, two = launching.load_weights(alone), launching.load_weights(shared)
    assert one.keys() == two.keys()
    for name, weight in one.items():
        assert torch.allclose(weight, two[name], atol=1e-4), name


def test_a_killed_training_goes_on_in_another_number_of_processes(make_vision_run: Make, launching: Any) -> None:
    settings = ("train.groups=8", "train.epochs=24", "vision.sharding=full", "train.learning_rate=1e-3")
    whole, killed = make_vision_run(*settings, name="whole"), make_vision_run(*settings, name="killed")
    train(whole)
    command = launching.build_torchrun(2, "-m", "docrerank.cli", "train", str(killed.path))
    checkpoint = killed.path / "training" / "checkpoint.pt"
    running = subprocess.Popen(command, env=launching.environment(), stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not checkpoint.is_file() and running.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    for process in (*launching.list_children(running.pid), running.pid):
        os.kill(process, signal.SIGKILL)
    running.wait()
    time.sleep(0.5)
    assert checkpoint.is_file()
    assert not killed.model.exists()  # nobody is left who could finish it
    assert torch.load(checkpoint)["progress"]["step"] == loop.STEPS_PER_CHECKPOINT
    train(killed)  # alone
    assert read_losses(killed) == pytest.approx(read_losses(whole), abs=1e-4)
    one, two = launching.load_weights(whole), launching.load_weights(killed)
    for name, weight in one.items():
        assert torch.allclose(weight, two[name], atol=1e-3), name
