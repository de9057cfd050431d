"""What a run read and what it left out, counted with reasons."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath

from docrerank.pages import find_repeats
from docrerank.records import Rejected
from docrerank.runs import Run

#: Rows of a table at most; the rest is counted.
MAX_ROWS = 200


@dataclass(frozen=True, slots=True)
class Ingested:
    """All documents of a run.

    Attributes:
        documents: the first `MAX_ROWS` by name, each with its pages by where their text is from (`layer`, `ocr`,
            `none`).
        total: the sum over all documents.
        read: how many documents have a page.
        left_out: how many files could not be read at all.
        repeats: how many pages repeat others.
        repeated: how many pages are repeated.
    """

    documents: list[tuple[str, Counter[str]]]
    total: Counter[str]
    read: int
    left_out: int
    repeats: int
    repeated: int


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What one stage left out for one reason: how often, and the first case."""

    stage: str
    reason: str
    count: int
    first: Rejected


def read_ingested(run: Run) -> Ingested:
    """Count a run's documents and pages; reads two columns of the pages."""
    documents = defaultdict[str, Counter[str]](Counter)
    for name, source in zip(run.pages.column("document"), run.pages.column("text_source"), strict=True):
        documents[name][source] += 1
    rejected = zip(run.rejected("ingest").column("page_id"), run.rejected("ingest").column("subject"), strict=True)
    left_out = {subject for page_id, subject in rejected if not page_id}
    repeats, total = find_repeats(run), sum(documents.values(), Counter[str]())
    rows = sorted(documents.items())[:MAX_ROWS]
    return Ingested(rows, total, len(documents), len(left_out), len(repeats), len(set(repeats.values())))


def count_left_out(run: Run) -> list[LeftOut]:
    """Count what each stage left out by reason, the most frequent first."""
    rows: list[LeftOut] = []
    for stage in _list_stages(run):
        first: dict[str, Rejected] = {}
        counts = Counter(first.setdefault(row.reason, row).reason for row in run.rejected(stage).read())
        rows += [LeftOut(stage, reason, count, first[reason]) for reason, count in counts.most_common()]
    return rows


def read_left_out(run: Run) -> Iterator[Rejected]:
    """Read everything that was left out, stage by stage, one row at a time."""
    for stage in _list_stages(run):
        yield from run.rejected(stage).read()


def name_subject(row: Rejected) -> str:
    """Name what was left out, without the folders of the machine it was on."""
    return PurePath(row.subject).name if not row.page_id else row.subject


def describe(row: Rejected) -> str:
    """Describe what was left out in one line: what, where, and what was found."""
    subject = name_subject(row)
    where = f" ({row.page_id})" if row.page_id not in ("", subject) else ""
    return f"{subject}{where}{': ' + row.detail if row.detail else ''}"


def _list_stages(run: Run) -> list[str]:
    """The stages that wrote what they left out, in the order of a run."""
    order = ("ingest", "generate", "mine", "train", "evaluate")
    found = {folder.name for folder in (run.path / "rejected").glob("*/")}
    return [*(stage for stage in order if stage in found), *sorted(found.difference(order))]
