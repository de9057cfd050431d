"""What a run left out, and why: nothing is dropped in silence."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rejected:
    """A document, page or query that a stage dropped.

    Attributes:
        stage: the stage that dropped it (`ingest`, `generate`, ...).
        subject: what was dropped: a file's path, a page id, or a query's text.
        reason: a short fixed phrase, the same for every such case, so that reasons can be counted.
        detail: what was found this time.
        page_id: the page concerned; empty for a whole document.
    """

    stage: str
    subject: str
    reason: str
    detail: str = ""
    page_id: str = ""
