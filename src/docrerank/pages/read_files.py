"""Pages of whole documents in memory, with their kinds, headings, and whose report they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from docrerank.pages.filing_cover import Cover, read_cover
from docrerank.pages.heading_paths import find_paths
from docrerank.pages.page_kinds import find_kinds
from docrerank.pages.read import read_document
from docrerank.pages.sources import Document, find_documents
from docrerank.pages.title_strip import name_filing
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


def describe_pages(pages: Sequence[Page], cover: Cover | None = None, title_strip: bool = False) -> list[Page]:
    """All pages of one document, in order, with their kinds, headings, company and period.

    Args:
        cover: what is known from elsewhere, such as a file of metadata; it counts before the document's own cover.
        title_strip: whether company and period are drawn over the pages, where both are known.
    """
    own = read_cover(pages)
    given = cover or Cover()
    company, period, form = given.company or own.company, given.period or own.period, given.form or own.form
    strip = name_filing(company, period) if title_strip else ""
    return [
        replace(
            page,
            kinds=tuple(kinds),
            certainties=tuple(kinds.values()),
            headings=headings,
            company=company,
            period=period,
            form=form,
            strip=strip,
        )
        for page, kinds, headings in zip(pages, find_kinds(pages), find_paths(pages), strict=True)
    ]
