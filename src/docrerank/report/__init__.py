"""What a run did, and what a model confuses, each to look at in one self-contained HTML file."""

from __future__ import annotations

from docrerank.report.probe_page import describe_probe, write_probe
from docrerank.report.write_report import write_report

__all__ = ["describe_probe", "write_probe", "write_report"]
