"""PDFs and images to page records: text with word boxes, layout, bitmaps when asked for."""

from __future__ import annotations

from docrerank.pages.drawing import DrawingPool, PageNotDrawn
from docrerank.pages.ingest import IngestPlan, ingest, plan_ingest
from docrerank.pages.layout import Block, Cell, Line, blocks, lines
from docrerank.pages.read import count_pages, read_document
from docrerank.pages.read_files import read_files
from docrerank.pages.render import find_source, render
from docrerank.pages.repeats import find_repeats
from docrerank.pages.sources import Document, check_paths, find_documents, find_image_suffix
from docrerank.pages.title_strip import add_title_strip, name_filing

__all__ = [
    "Block",
    "Cell",
    "Document",
    "DrawingPool",
    "IngestPlan",
    "Line",
    "PageNotDrawn",
    "add_title_strip",
    "blocks",
    "check_paths",
    "count_pages",
    "find_documents",
    "find_image_suffix",
    "find_repeats",
    "find_source",
    "ingest",
    "lines",
    "name_filing",
    "plan_ingest",
    "read_document",
    "read_files",
    "render",
]
