"""The generate stage: positives, hard negatives and rephrasings, verified; each role by rules or by a chat model."""

from __future__ import annotations

from docrerank.generation.origin import find_bare, given_queries, made_from
from docrerank.generation.plan import plan_calls
from docrerank.generation.stage import count, generate, unfinished

__all__ = ["count", "find_bare", "generate", "given_queries", "made_from", "plan_calls", "unfinished"]
