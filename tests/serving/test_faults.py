"""Faults under way: signals, clients that leave, damaged caches, workers that die."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import signal
import socket
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from docrerank.reranker import Reranker
from docrerank.retrieval import ENCODINGS
from docrerank.runs import Run
from docrerank.serving import Limits
from docrerank.serving.errors import ApiError
from docrerank.serving.server import FORCE_SECONDS
from docrerank.serving.uploads import clear_abandoned
from docrerank.serving.workers import Workers

httpx = pytest.importorskip("httpx")
BODY = {"query": "How many employees are there?", "documents": [f"page {index} " * 60 for index in range(150)]}


def wait_for(served: Any, name: str, least: float, seconds: float = 90) -> None:
    """Until a metric has reached a value."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = [line.split()[1] for line in served.get("/metrics").text.splitlines() if line.startswith(name + " ")]
        if found and float(found[0]) >= least:
            return
        time.sleep(0.05)
    raise AssertionError(f"{name} did not reach {least}")


def test_sigterm_finishes_what_it_can_tells_the_rest_503_and_ends_in_time(start: Any) -> None:
    """All in flight once got 500 in plain text, and the process ended after its unit files' time."""
    drain = 5
    served = start("minilm", "--limit", "request_seconds=36000", "--limit", f"drain_seconds={drain}")
    for text in ("one", "two", "three"):  # the pace is learned: batches are about a second
        served.post("/v1/rerank", {"query": "a", "documents": [f"{text} {index} " * 30 for index in range(10)]})
    large = {"query": "a", "documents": [f"word {index} " * 60 for index in range(6_000)]}
    small = {"query": "a", "documents": ["b"]}
    answers: dict[str, Any] = {}
    asking = [
        threading.Thread(target=lambda body=body, name=name: answers.update({name: served.post("/v1/rerank", body)}))
        for name, body in (("one", large), ("two", large), ("small", small))
    ]
    for thread in asking[:2]:
        thread.start()
    wait_for(served, "docrerank_queued_seconds", 1)
    asking[2].start()
    time.sleep(0.3)
    stopped = time.monotonic()
    served.process.send_signal(signal.SIGTERM)
    for thread in asking:
        thread.join(timeout=120)
    assert {name: answer.status_code for name, answer in answers.items()} == {"one": 503, "two": 503, "small": 200}
    assert answers["one"].json()["code"] == "stopping"
    assert served.process.wait(timeout=60) == 0
    assert time.monotonic() - stopped < drain + FORCE_SECONDS + 5
    with pytest.raises(httpx.TransportError):
        served.get("/health")


def test_unit_files_give_the_server_the_time_that_it_takes_to_stop() -> None:
    longest = Limits().drain_seconds + FORCE_SECONDS
    deploy = Path(__file__).parents[2] / "deploy"
    systemd = re.search(r"TimeoutStopSec=(\d+)", (deploy / "docrerank.service").read_text())
    kubernetes = re.search(r"terminationGracePeriodSeconds: (\d+)", (deploy / "kubernetes.yaml").read_text())
    assert all(found and int(found[1]) > longest for found in (systemd, kubernetes))


def test_the_folder_of_a_server_that_was_killed_is_deleted_by_the_next_one(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    dead, alive = (tmp_path / f"docrerank-uploads-{name}" for name in ("dead", "alive"))
    for folder in (dead, alive):
        folder.mkdir()
        (folder / ".lock").write_text("")
    with (alive / ".lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        clear_abandoned()
    assert (dead.exists(), alive.exists()) == (False, True)


def test_a_client_that_leaves_is_counted_and_its_work_dropped(server: Any) -> None:
    host = int(server.url.rpartition(":")[2])
    import json

    data = json.dumps({**BODY, "documents": [f"leaving {index}" for index in range(2_000)]}).encode()
    head = "POST /v1/rerank HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
    head += f"content-length: {len(data)}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", host)) as sock:
        sock.sendall(head.encode() + data)
        wait_for(server, "docrerank_queued_seconds", 0.2)
    wait_for(server, "docrerank_clients_left_total", 1)
    assert server.post("/v1/rerank", {"query": "a", "documents": ["b"]}).status_code == 200


@pytest.mark.slow
def test_a_damaged_page_store_changes_no_score(
    server: Any, start: Any, served_run: Run, untrained: Reranker, tmp_path: Path
) -> None:
    """A file that is cut off is written anew at the start; flipped bytes are noticed when the pages are read."""
    run = Run.open(shutil.copytree(served_run.path, tmp_path / "run"))  # its store was filled by the server before
    folder = run.path / ENCODINGS / untrained.scorer.fingerprint  # type: ignore[union-attr]
    cut, flipped = sorted(folder.glob("*.safetensors"))
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size // 2])
    data = bytearray(flipped.read_bytes())
    data[len(data) // 2 :: 5] = b"\x7f" * len(data[len(data) // 2 :: 5])
    flipped.write_bytes(data)
    served = start("minilm", "--pages", str(run.path))
    written = cut.stat().st_size
    pages = [page for name in run.pages.names() for page in list(run.pages.read(name))[:4]]
    body = {"query": BODY["query"], "documents": [{"page_id": page.id} for page in pages]}
    found = served.post("/v1/rerank", body).json()["results"]
    scores = untrained.predict([(str(BODY["query"]), page) for page in pages])
    served_scores = [hit["relevance_score"] for hit in found]
    np.testing.assert_allclose(served_scores, [scores[hit["index"]] for hit in found], atol=5e-3)
    assert "page store unreadable" in served.log.read_text()
    assert written == next(served_run.path.rglob(cut.name)).stat().st_size


def hang() -> None:
    time.sleep(60)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def bloat() -> int:
    return len(bytearray(1 << 40))


def answer() -> int:
    return 42


def test_a_reader_that_hangs_dies_or_bloats_costs_only_its_own_task() -> None:
    import asyncio

    async def ask() -> Any:
        workers = Workers()
        try:
            failed = []
            for function in (hang, die, bloat):
                try:
                    await workers.run(function, seconds=1.5, field="file")
                except ApiError as error:
                    failed.append(error.body.code)
            return failed, await workers.run(answer, seconds=30)
        finally:
            workers.close()

    assert asyncio.run(ask()) == (["too_slow", "unreadable", "unreadable"], 42)
