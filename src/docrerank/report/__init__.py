"""What a run did, to look at: one self-contained HTML file."""

from __future__ import annotations

from docrerank.report.stage import write_report

__all__ = ["write_report"]
