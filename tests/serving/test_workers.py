"""Worker processes share one index and die with nobody: a killed one is replaced, none outlives the command."""

from __future__ import annotations

import os
import shutil
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from fixtures.servers import Served

from docrerank.runs import Run

httpx = pytest.importorskip("httpx")
#: Every run is large to the process that finds this when it starts, and to its workers.
PATCH = "from docrerank.retrieval import run_index\nrun_index.LARGE = 1\n"


def find_workers(served: Served) -> list[int]:
    """Children of the process that workers are forked from."""
    return [worker for child in list_children(served.process.pid) for worker in list_children(child)]


def list_children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


def wait_for_workers(served: Served, count: int, seconds: float = 60, without: int = 0) -> list[int]:
    deadline = time.monotonic() + seconds
    while len(found := [worker for worker in find_workers(served) if worker != without]) < count:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


def ask_often(served: Served, path: str, body: Any) -> None:
    """New connections go to either worker; one that has just been killed may have taken some."""
    deadline, answered = time.monotonic() + 90, 0
    while answered < 10 and time.monotonic() < deadline:
        try:
            assert served.post(path, body).status_code == 200
            answered += 1
        except httpx.TransportError:
            time.sleep(0.2)
    assert answered == 10


def test_workers_share_one_index_and_a_killed_one_is_replaced(start: Any, served_run: Run, tmp_path: Path) -> None:
    run = Run.open(shutil.copytree(served_run.path, tmp_path / "run"))
    (tmp_path / "sitecustomize.py").write_text(PATCH)
    path = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    served = start("minilm", "--pages", str(run.path), "--workers", "2", PYTHONPATH=path)
    serving = wait_for_workers(served, 2)
    ask_often(served, "/v1/search", {"query": "How many employees are there?"})
    os.kill(serving[0], signal.SIGKILL)
    wait_for_workers(served, 2, 20, without=serving[0])
    assert served.process.poll() is None
    ask_often(served, "/v1/search", {"query": "How many employees are there?"})
    assert "error" not in {word for line in served.log.read_text().splitlines() for word in line.split('"')}
    left = find_workers(served)  # the new one may not be there yet
    served.process.kill()
    served.process.wait()
    deadline = time.monotonic() + 90  # one that has just begun finds out once it has loaded its modules
    while any(is_running(pid) for pid in left) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert left
    assert not any(is_running(pid) for pid in left)


def is_running(pid: int) -> bool:
    """A process that has ended stays in /proc until who adopted it has looked."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
