"""Which documents training learns from and which measure its progress; evaluation holds out the same ones."""

from __future__ import annotations

from docrerank.runs import Split, draw, sort_by_hash, split_pages

__all__ = ["Split", "draw", "sort_by_hash", "split_pages"]
