"""The nouns every other room speaks: typed, immutable, serialisable."""

from __future__ import annotations

from docrerank.records.errors import MissingExtra, UserError, one_line
from docrerank.records.groups import MinedPage, Repeat, TrainingGroup
from docrerank.records.page import Page, Word, document_of
from docrerank.records.query import FINANCE, PROPERTIES, Query, Verdict
from docrerank.records.rejected import Rejected

__all__ = [
    "FINANCE",
    "PROPERTIES",
    "MinedPage",
    "MissingExtra",
    "Page",
    "Query",
    "Rejected",
    "Repeat",
    "TrainingGroup",
    "UserError",
    "Verdict",
    "Word",
    "document_of",
    "one_line",
]
