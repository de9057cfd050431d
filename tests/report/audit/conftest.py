"""A run of two real pages with queries, and the audit served by a process of its own."""

from __future__ import annotations

import re
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
    import shutil

    shutil.copytree(finished, tmp_path / "run")
    return Run.open(tmp_path / "run")


@pytest.fixture
def serve(run: Run) -> Iterator[Serve]:
    """Start `docrerank audit`; gives its address and its process, which the test may kill."""
    children: list[subprocess.Popen[str]] = []

    def start(auditor: str = "ada", sample: int = 12) -> tuple[str, subprocess.Popen[str]]:
        command = [sys.executable, "-u", "-m", "docrerank.cli", "audit", str(run.path), "--no-open"]
        command += ["--auditor", auditor, "--sample", str(sample)]
        child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        children.append(child)
        assert child.stdout is not None
        line = child.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+/", line)
        assert found is not None, line + child.stdout.read()
        return found[0], child

    yield start
    for child in children:
        child.kill()
        child.wait()
