"""Starts several processes on one training, as a user would."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import torch

from docrerank.runs import Run


def environment() -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}


def find_port() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return str(free.getsockname()[1])


def build_torchrun(processes: int, *arguments: str) -> list[str]:
    command = [sys.executable, "-m", "torch.distributed.run", f"--nproc-per-node={processes}"]
    return [*command, "--master-addr=127.0.0.1", f"--master-port={find_port()}", *arguments]


def build_accelerate(processes: int, *arguments: str) -> list[str]:
    command = [sys.executable, "-m", "accelerate.commands.launch", "--cpu", f"--num_processes={processes}"]
    return [*command, f"--main_process_port={find_port()}", *arguments]


def launch(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=240, env=environment())


def torchrun(processes: int, *arguments: str) -> subprocess.CompletedProcess[str]:
    return launch(build_torchrun(processes, *arguments))


def load_weights(run: Run) -> dict[str, torch.Tensor]:
    from safetensors.torch import load_file

    return load_file(run.model / "model.safetensors")


def list_children(process: int) -> list[int]:
    """The processes that torchrun started; each has a session of its own."""
    return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()]
