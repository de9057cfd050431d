"""Training sets in and out: a run written in the forms that others read, and published sets read as runs."""

from __future__ import annotations

from docrerank.exchange.export import export_run
from docrerank.exchange.importing import ImportOptions, import_dataset
from docrerank.exchange.job import FORMS, ExportOptions
from docrerank.exchange.published import find_published
from docrerank.exchange.push import check_repo, push_folder

__all__ = [
    "FORMS",
    "ExportOptions",
    "ImportOptions",
    "check_repo",
    "export_run",
    "find_published",
    "import_dataset",
    "push_folder",
]
