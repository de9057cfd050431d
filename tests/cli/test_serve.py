"""`docrerank serve` as a person meets it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("fastapi")


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "docrerank.cli", "serve", *arguments]
    settings = {**os.environ, "OMP_NUM_THREADS": "1", "COLUMNS": "80", **environment}
    return subprocess.run(command, capture_output=True, text=True, env=settings, timeout=120)


def test_the_help_fits_one_screen() -> None:
    done = run("--help")
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) <= 40
    assert max(map(len, done.stdout.splitlines())) <= 80


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("minilm", "--host", "0.0.0.0"), "DOCRERANK_TOKEN"),
        (("nowhere",), "no model in 'nowhere'"),
        (("minilm", "--pages", "nowhere"), "is not a run folder"),
        (("minilm", "--limit", "pages=1"), "the limits are"),
        (("minilm", "--token-file", "nowhere"), "cannot be read"),
        (("minilm", "minilm"), "rename a folder"),
    ],
)
def test_a_start_that_cannot_be_is_told_in_one_line(arguments: tuple[str, ...], told: str) -> None:
    done = run(*arguments, "--port", "0")
    assert done.returncode == 1
    assert told in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_taken_port_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = run("minilm", "--port", str(taken.getsockname()[1]))
    assert done.returncode == 1
    assert "give another --host or --port" in done.stderr


def test_a_token_too_short_is_told(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("short")
    assert "16 characters" in run("minilm", "--token-file", str(tmp_path / "token")).stderr
    assert "16 characters" in run("minilm", DOCRERANK_TOKEN="short").stderr
