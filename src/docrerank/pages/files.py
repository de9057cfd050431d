"""Pages of whole documents in memory, with what is known of them; also of a few files without a run folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from docrerank.pages.describe import describe_pages
from docrerank.pages.read import read_document
from docrerank.pages.sources import Document, find_documents
from docrerank.recipe import Ingest
from docrerank.records import Page, Rejected, UserError


def read_files(paths: Sequence[str | Path], ingest: Ingest | None = None) -> tuple[list[Page], list[Rejected]]:
    """Read PDFs, images and folders of them into memory.

    Args:
        paths: what to read.
        ingest: how; the embedded default's way if not given.

    Returns:
        The pages in order, and what could not be read, with reasons.

    Raises:
        UserError: nothing readable was found.

    Examples:
        >>> pages, rejected = read_files(["report.pdf"])  # doctest: +SKIP
        >>> pages[0].id  # doctest: +SKIP
        'report/1'
    """
    documents, rejected = find_documents(paths)
    pages: list[Page] = []
    for document in documents:
        own, faults = read_whole(document, ingest or Ingest())
        pages += own
        rejected += faults
    if not pages:
        reasons = "; ".join(f"{row.subject}: {row.reason}" for row in rejected[:3])
        raise UserError(f"no page could be read ({reasons}): give other files")
    return pages, rejected


def read_whole(document: Document, ingest: Ingest, title_strip: bool = False) -> tuple[list[Page], list[Rejected]]:
    """All pages of a document with what is known of them, and what of it could not be read."""
    pages: list[Page] = []
    rejected: list[Rejected] = []
    for row in read_document(document, ingest):
        (pages if isinstance(row, Page) else rejected).append(row)  # type: ignore[arg-type]
    return describe_pages(pages, document.cover, title_strip), rejected
