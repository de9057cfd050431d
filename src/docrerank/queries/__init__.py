"""Positives, hard negatives and rephrasings of each page, and the judge that verifies them."""

from __future__ import annotations

from docrerank.queries.stage import generate, made_from
from docrerank.queries.write import Written, write_document

__all__ = ["Written", "generate", "made_from", "write_document"]
