"""The pages of a set, drawn into parquet files by worker processes, a few rows held at a time."""

from __future__ import annotations

import functools
import hashlib
import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa

from docrerank.datasets.parquet_files import ID, IMAGE, TEXT, writing_parquet
from docrerank.datasets.released import PAGE, RELEASED_COLUMNS, describe_page, read_rows
from docrerank.pages import find_source, render
from docrerank.records import Page, UserError
from docrerank.runs import Progress, Run, ShardFailure, hash_file, is_url, run_shards

#: Pages after which a file takes no further document: about 50 MB of images.
FILE_PAGES = 200
#: Rows that a worker holds at once, and of a row group.
ROWS_AT_ONCE = 16
SECONDS_PER_FILE = 3600.0
#: Image files of these kinds hold one page; within the pixel budget they go into a set as they are.
SINGLE = frozenset({".png", ".jpg", ".jpeg", ".webp"})

Table = Literal["released", "pages", "corpus"]

_COLUMNS: dict[str, dict[str, pa.DataType]] = {
    "released": RELEASED_COLUMNS,
    "pages": {"id": ID, "text": TEXT, "image": IMAGE} | {n: PAGE[n] for n in ("document", "page_number", "sha256")},
    "corpus": {"id": ID, "title": TEXT, "text": TEXT, "image": IMAGE},
}


@dataclass(frozen=True, slots=True)
class PageFile:
    """One parquet file and the documents whose pages it holds."""

    path: Path
    documents: tuple[str, ...]


@dataclass(slots=True)
class Drawn:
    """What came of drawing: rows, pages that could not be drawn with the reason, queries left out."""

    rows: int = 0
    missing: dict[str, str] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)


def count_pages(run: Run, table: Table) -> dict[str, int]:
    """How many pages of each document a table takes: all, or those with a positive.

    Raises:
        UserError: there is no such page.
    """
    counts: Counter[str] = Counter()
    kinds = zip(run.queries.column("page_id"), run.queries.column("kind"), strict=True)
    asked = {page for page, kind in kinds if kind == "positive"} if table == "released" else None
    for page, document in zip(run.pages.column("id"), run.pages.column("document"), strict=True):
        counts[document] += asked is None or page in asked
    if not counts.total():
        raise UserError(f"'{run.path}' has no page{'' if asked is None else ' with a query'}: nothing to export")
    return dict(+counts)


def plan_files(counts: Mapping[str, int], folder: Path, split: str) -> list[PageFile]:
    """Whole documents in order, gathered into files that are named as the hub's are."""
    gathered: list[list[str]] = []
    room = 0
    for document in sorted(counts):
        if room <= 0:
            gathered.append([])
            room = FILE_PAGES
        gathered[-1].append(document)
        room -= counts[document]
    names = [f"{split}-{number:05}-of-{len(gathered):05}.parquet" for number in range(len(gathered))]
    return [PageFile(folder / name, tuple(own)) for name, own in zip(names, gathered, strict=True)]


def draw_files(run: Run, table: Table, pixels: int, files: Sequence[PageFile], progress: Progress) -> Drawn:
    """Write page files; a page that cannot be drawn is noted, and the rest goes on.

    Raises:
        UserError: no page at all could be drawn, or a worker died.
    """
    whole = Drawn()
    results = run_shards(run, _Work(run, table, pixels), files, SECONDS_PER_FILE)
    for done, (file, result) in enumerate(results, 1):
        if isinstance(result, ShardFailure):
            raise UserError(f"{file.path.name} was not written: {result.reason} ({result.detail}); export again")
        whole.rows += result.rows
        whole.missing.update(result.missing)
        whole.left_out.update(result.left_out)
        progress(done, len(files))
    if files and not whole.rows:
        page, reason = next(iter(sorted(whole.missing.items())), ("", "no page has a query"))
        raise UserError(f"no page could be drawn ({page}: {reason})")
    return whole


@dataclass(frozen=True, slots=True)
class _Work:
    """In a worker: write one file."""

    run: Run
    table: Table
    pixels: int

    def __call__(self, file: PageFile) -> Drawn:
        drawn = Drawn()
        with writing_parquet(file.path, _COLUMNS[self.table], ROWS_AT_ONCE) as write:
            for document in file.documents:
                for page, row in self._read(document, drawn.left_out):
                    try:
                        write({**row, "image": draw_page(page, self.pixels)})
                        drawn.rows += 1
                    except UserError as error:  # a reason may be published: without the folder of the page's file
                        drawn.missing[page.id] = str(error).replace(page.source, Path(page.source).name)
        return drawn

    def _read(self, document: str, left_out: Counter[str]) -> Iterator[tuple[Page, dict[str, Any]]]:
        """Yield a document's pages with their rows, images aside."""
        if self.table == "released":
            yield from read_rows(self.run, document, left_out)
            return
        for page in self.run.pages.read(document):
            own = {"id": page.id, "text": page.text}
            yield page, own | ({"title": page.document} if self.table == "corpus" else describe_page(page))


def draw_page(page: Page, pixels: int) -> dict[str, Any]:
    """Draw a page as an image of `datasets`; one that came as a small enough image keeps its bytes.

    Raises:
        UserError: its file is gone, has changed since it was read, or cannot be drawn.
    """
    file = Path(find_source(page.source, page.sha256))
    if not is_url(page.source) and _hash(file, file.stat().st_mtime_ns) != page.sha256:
        raise UserError(f"'{page.source}' has changed since it was read: ingest again")
    suffix = file.suffix.lower()
    if suffix in SINGLE and page.width * page.height <= pixels:
        return name_image(file.read_bytes(), suffix)
    buffer = io.BytesIO()
    render(page, pixels).save(buffer, "PNG")
    return name_image(buffer.getvalue(), ".png")


def name_image(content: bytes, suffix: str) -> dict[str, Any]:
    """An image as `datasets` stores it, named by its content."""
    return {"bytes": content, "path": hashlib.sha256(content).hexdigest() + suffix}


@functools.lru_cache(64)
def _hash(file: Path, changed: int) -> str:
    """A document's pages come one after the other: its bytes are hashed once."""
    return hash_file(file)
