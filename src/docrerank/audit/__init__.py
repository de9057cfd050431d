"""The audit: people judge a blind random sample of a run's queries against their pages, in a local web page."""

from __future__ import annotations

from docrerank.audit.journal import Journal
from docrerank.audit.result import fleiss_kappa, summarise
from docrerank.audit.sample import Item, draw_sample
from docrerank.audit.server import AuditServer
from docrerank.audit.show import show_sample
from docrerank.audit.summary import AuditSummary, Rate, read_summary

__all__ = [
    "AuditServer",
    "AuditSummary",
    "Item",
    "Journal",
    "Rate",
    "draw_sample",
    "fleiss_kappa",
    "read_summary",
    "show_sample",
    "summarise",
]
