"""Training sets in and out: a run written in the forms that others read, and published sets read as runs."""

from __future__ import annotations

from docrerank.datasets.card import FORMS
from docrerank.datasets.importing import ImportOptions, import_dataset
from docrerank.datasets.published import find_published
from docrerank.datasets.push import check_repo, push_folder
from docrerank.datasets.write_set import ExportOptions, export_run

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
