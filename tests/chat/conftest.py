from __future__ import annotations

import asyncio
import io
import sys
from collections.abc import Callable, Coroutine
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from PIL import Image as Pictures

sys.path.insert(0, str(Path(__file__).parent))

NEED_OPENAI = {"test_client", "test_faults", "test_structured"}


@pytest.fixture(autouse=True)
def _skip_without_the_extra(request: pytest.FixtureRequest) -> None:
    packages = ("openai", "aiohttp")
    if request.path.stem in NEED_OPENAI and not all(find_spec(package) for package in packages):
        pytest.skip("the extra `generate` is not installed")


@pytest.fixture(autouse=True)
def _hasten_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    """The `openai` client waits half a second before its second try; the tests need not."""
    if find_spec("openai"):
        monkeypatch.setattr("openai._base_client.INITIAL_RETRY_DELAY", 0.01)


@pytest.fixture
def run() -> Callable[[Coroutine[Any, Any, Any]], Any]:
    """Runs a coroutine, for at most half a minute."""
    return lambda work: asyncio.run(asyncio.wait_for(work, 30))


@pytest.fixture
def picture() -> bytes:
    """A small JPEG of 64 x 90 pixels."""
    buffer = io.BytesIO()
    Pictures.new("RGB", (64, 90), "white").save(buffer, "JPEG")
    return buffer.getvalue()
