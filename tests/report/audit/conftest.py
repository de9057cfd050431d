"""A run of two real pages with queries, and the audit served by a process of its own."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from docrerank.generation import generate
from docrerank.pages import ingest
from docrerank.recipe import load_recipe
from docrerank.runs import Run

SAMPLE = sorted((Path(__file__).parents[3] / "samples" / "benchmark" / "corpus").glob("brankholm-*.pdf"))
Serve = Callable[..., tuple[str, subprocess.Popen[str]]]


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = Run.create(tmp_path_factory.mktemp("audit") / "run", load_recipe("cpu", ["workers=1"]))
    ingest(run, SAMPLE[:1])
    generate(run)
    return run.path


@pytest.fixture
def run(finished: Path, tmp_path: Path) -> Run:
    shutil.copytree(finished, tmp_path / "run")
    return Run.open(tmp_path / "run")


def start(run: Run) -> tuple[str, subprocess.Popen[str]]:
    """Start `docrerank audit`; gives its address and its process."""
    command = [sys.executable, "-u", "-m", "docrerank.cli", "audit", str(run.path), "--no-open"]
    command += ["--auditor", "ada", "--sample", "12"]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert child.stdout is not None
    line = child.stdout.readline()
    if found := re.search(r"http://127\.0\.0\.1:\d+/", line):
        return found[0], child
    child.kill()
    raise AssertionError(line + child.stdout.read())


def stop(child: subprocess.Popen[str]) -> None:
    with child:  # its pipe is closed too
        child.kill()


@pytest.fixture
def serve(run: Run) -> Iterator[Serve]:
    """Starts an audit that the test may kill."""
    children: list[subprocess.Popen[str]] = []

    def begin() -> tuple[str, subprocess.Popen[str]]:
        url, child = start(run)
        children.append(child)
        return url, child

    yield begin
    for child in children:
        stop(child)


@pytest.fixture(scope="package")
def site(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """One audit that is only looked at."""
    folder = tmp_path_factory.mktemp("site") / "run"
    shutil.copytree(finished, folder)
    url, child = start(Run.open(folder))
    yield url, child
    stop(child)
