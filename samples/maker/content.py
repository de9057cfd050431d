"""Reads the files in `samples/content`: texts, facts and questions as data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

CONTENT = Path(__file__).resolve().parents[1] / "content"


def read_content(name: str) -> Any:
    """Read `content/<name>.yaml`."""
    return yaml.safe_load((CONTENT / f"{name}.yaml").read_text(encoding="utf-8"))
