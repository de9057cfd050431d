"""The generate stage: positives, hard negatives and rephrasings, verified; each role by rules or by a chat model."""

from __future__ import annotations

from docrerank.generation.call_plan import plan_calls
from docrerank.generation.clients import model_roles
from docrerank.generation.documents import write_in_turn
from docrerank.generation.fingerprints import find_bare, given_queries, unfinished
from docrerank.generation.generate import count, generate
from docrerank.generation.open_roles import open_roles

__all__ = [
    "count",
    "find_bare",
    "generate",
    "given_queries",
    "model_roles",
    "open_roles",
    "plan_calls",
    "unfinished",
    "write_in_turn",
]
