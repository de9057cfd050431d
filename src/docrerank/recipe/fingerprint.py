"""Hashes everything that a result depends on: same fingerprint, same result."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from pydantic import BaseModel


def fingerprint(*parts: object) -> str:
    """Hash JSON values and recipe sections to 16 hexadecimal digits.

    Examples:
        >>> fingerprint("ingest", 1) == fingerprint("ingest", 1)
        True
        >>> fingerprint("ingest", 1) == fingerprint("ingest", 2)
        False
    """
    text = json.dumps([_plain(part) for part in parts], sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:16]


def _plain(part: object) -> Any:
    return part.model_dump(mode="json") if isinstance(part, BaseModel) else part
