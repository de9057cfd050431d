"""Positives, hard negatives and rephrasings without a model: facts, phrasings, edits, and their judge."""

from __future__ import annotations

from docrerank.queries.duplicates import NearDuplicates, count_terms
from docrerank.queries.editable_spans import find_slots
from docrerank.queries.families import Family, find_families, normalise
from docrerank.queries.gates import fault
from docrerank.queries.index import PageIndex
from docrerank.queries.rules import Rules, find_edit, make_negative

__all__ = [
    "Family",
    "NearDuplicates",
    "PageIndex",
    "Rules",
    "count_terms",
    "fault",
    "find_edit",
    "find_families",
    "find_slots",
    "make_negative",
    "normalise",
]
