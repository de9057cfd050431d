"""Positives, hard negatives and rephrasings of each page, and the judge that verifies them."""

from __future__ import annotations

from docrerank.queries.stage import generate
from docrerank.queries.write import Written, write_document

__all__ = ["Written", "generate", "write_document"]
