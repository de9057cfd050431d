"""The audit: people judge a blind random sample of a run's queries against their pages; `serving` has its page."""

from __future__ import annotations

from docrerank.report.audit.judgements import Journal
from docrerank.report.audit.sample import Item, draw_sample
from docrerank.report.audit.summary import AuditSummary, Rate, describe_summary, fleiss_kappa, read_summary, summarise

__all__ = [
    "AuditSummary",
    "Item",
    "Journal",
    "Rate",
    "describe_summary",
    "draw_sample",
    "fleiss_kappa",
    "read_summary",
    "summarise",
]
