"""The command line: one thin file per verb."""

from __future__ import annotations

from docrerank.cli.app import main

__all__ = ["main"]
