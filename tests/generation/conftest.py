"""Makes the scripted model of this folder, the server of the chat tests and the laid-out pages importable."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

HERE = Path(__file__).parent
for folder in (HERE, HERE.parent / "chat", HERE.parent / "queries"):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))


@pytest.fixture(autouse=True)
def _hasten_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    """The `openai` client waits half a second before its second try; the tests need not."""
    if find_spec("openai"):
        monkeypatch.setattr("openai._base_client.INITIAL_RETRY_DELAY", 0.01)
