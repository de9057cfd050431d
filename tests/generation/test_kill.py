"""`kill -9` at random moments: the same final dataset, and every answer that was received paid for once."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from scripted import answer, make_run
from server import Call, Reaction, ScriptedServer

from docrerank.generation import generate
from docrerank.runs import Run

CHILD = Path(__file__).with_name("generate_child.py")


def content(run: Run) -> tuple[list[object], list[object], list[object]]:
    def key(row: object) -> str:
        return repr(row)

    rejected = sorted(run.rejected("generate").read(), key=key)
    return sorted(run.queries.read(), key=key), sorted(run.verdicts.read(), key=key), rejected  # type: ignore[return-value]


def kill_repeatedly(run: Run, kills: int, seconds: float, seed: int) -> int:
    """Start the run again and again, killing it at random moments; returns how many kills came before its end."""
    rng, killed = random.Random(seed), 0
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    for _ in range(kills):
        child = subprocess.Popen([sys.executable, str(CHILD), str(run.path)], env=environment)
        time.sleep(1.0 + rng.random() * seconds)
        killed += child.poll() is None
        child.kill()
        child.wait()
    return killed


def check(tmp_path: Path, documents: int, pages: int, kills: int, seconds: float) -> None:
    def slow(call: Call) -> Reaction:
        return Reaction(answer(call), delay=0.02)

    with ScriptedServer(slow) as server:
        whole = make_run(tmp_path / "whole", server.base_url, documents, pages)
        generate(whole)
        server.paid.clear()
        run = make_run(tmp_path / "killed", server.base_url, documents, pages)
        killed = kill_repeatedly(run, kills, seconds, seed=7)
        generate(run)
        probes = sum(times for text, times in server.paid.items() if "the word hello" in text)
        again = sum(server.paid.values()) - len(server.paid) - probes + 1
    assert killed
    assert content(run) == content(whole)
    # What was in flight when a kill came was paid for by the server and never received.
    assert again <= killed * 64 * 4


@pytest.mark.slow
def test_four_kills_change_nothing(tmp_path: Path) -> None:
    check(tmp_path, documents=5, pages=20, kills=4, seconds=1.5)


@pytest.mark.slow
def test_twenty_kills_of_five_hundred_pages_change_nothing(tmp_path: Path) -> None:
    check(tmp_path, documents=25, pages=20, kills=20, seconds=2.0)
