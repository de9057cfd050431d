"""The rerank server: interfaces that existing clients speak, search over a run's pages, and a page to look at."""

from __future__ import annotations

from docrerank.serving.server import LOOPBACK, check_host, is_loopback, run_server
from docrerank.serving.settings import Limits, Settings

__all__ = ["LOOPBACK", "Limits", "Settings", "check_host", "is_loopback", "run_server"]
