"""What is known of a document's pages once all of them are read: kinds, headings, whose report it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from docrerank.pages.filing_cover import Cover, read_cover
from docrerank.pages.heading_paths import find_paths
from docrerank.pages.page_kinds import find_kinds
from docrerank.pages.title_strip import name_filing
from docrerank.records import Page


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
            kinds=tuple(kind.name for kind in kinds),
            certainties=tuple(kind.certainty for kind in kinds),
            headings=headings,
            company=company,
            period=period,
            form=form,
            strip=strip,
        )
        for page, kinds, headings in zip(pages, find_kinds(pages), find_paths(pages), strict=True)
    ]
