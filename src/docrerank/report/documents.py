"""What was ingested: documents with where their text came from, and what was left out, with reasons."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import islice
from pathlib import PurePath

from docrerank.pages import find_repeats
from docrerank.records import Rejected
from docrerank.runs import Run

#: Rows of a table at most; the rest is counted.
MAX_ROWS = 200


@dataclass(slots=True)
class Document:
    """One document's pages: with a text layer, read by OCR, or with nothing to read."""

    name: str
    layer: int = 0
    ocr: int = 0
    none: int = 0

    @property
    def pages(self) -> int:
        return self.layer + self.ocr + self.none


@dataclass(frozen=True, slots=True)
class Ingested:
    """All documents of a run.

    Attributes:
        documents: the first `MAX_ROWS` by name.
        total: the sum over all documents.
        count: how many documents there are.
        reasons: how often a file or page was left out for each reason, the most frequent first.
        rejected: the first of them.
        repeats: how many pages repeat others.
        repeated: how many pages are repeated.
    """

    documents: list[Document]
    total: Document
    count: int
    reasons: list[tuple[str, int]]
    rejected: list[Rejected] = field(repr=False)
    repeats: int
    repeated: int


def read_ingested(run: Run) -> Ingested:
    """Count a run's pages, what was rejected and what repeats; reads two columns of the pages."""
    documents: dict[str, Document] = {}
    total = Document("all")
    for name, source in zip(run.pages.column("document"), run.pages.column("text_source"), strict=True):
        for row in (documents.setdefault(name, Document(name)), total):
            setattr(row, source, getattr(row, source) + 1)
    rejected = run.rejected("ingest")
    reasons = Counter(rejected.column("reason")).most_common()
    rows = [documents[name] for name in sorted(documents)[:MAX_ROWS]]
    repeats = find_repeats(run)
    first = list(islice(rejected.read(), MAX_ROWS))
    return Ingested(rows, total, len(documents), reasons, first, len(repeats), len(set(repeats.values())))


def name_subject(row: Rejected) -> str:
    """What was left out, without the folders of the machine it was on."""
    return row.page_id or PurePath(row.subject).name
