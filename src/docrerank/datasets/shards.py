"""Pages of a set in shards: each is drawn and written by a worker process, and done once."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from docrerank.datasets.asked_pages import AskedPage, read_asked_pages
from docrerank.datasets.features import IMAGE, build_schema
from docrerank.datasets.images import Drawn, draw_page
from docrerank.datasets.released import PAGE, SCHEMA, build_row, describe_page
from docrerank.datasets.staging import Staging
from docrerank.records import Page, UserError
from docrerank.runs import Run, ShardFailure, replacing, run_shards, write_text

#: Pages of a shard: about 50 MB of images.
SHARD_PAGES = 200
#: Rows that a worker holds at once, and of a row group.
ROWS_AT_ONCE = 16
SECONDS_PER_SHARD = 3600.0

Table = Literal["released", "pages", "corpus", "tevatron", "files"]
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Slice:
    """Some of a document's pages: those from `start` to `stop` among the ones that the set takes."""

    document: str
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Shard:
    """The pages of one parquet file, `file` below the set's folder."""

    file: str
    slices: tuple[Slice, ...]


@dataclass(frozen=True, slots=True)
class Drawing:
    """How pages are written.

    Attributes:
        run: their run.
        staging: where the files go.
        table: what a row holds: the released schema, a page by id, a BEIR document, a tevatron document, or the path
            of an image file.
        pixels: of an image at most.
        asked: pages with a query only.
    """

    run: Run
    staging: Staging
    table: Table
    pixels: int
    asked: bool = False

    def place(self, shard: Shard) -> Path:
        """Where a shard's parquet file is written; that of image files is no part of the set."""
        return (self.staging.state if self.table == "files" else self.staging.set) / shard.file


@dataclass(slots=True)
class Outcome:
    """What came of the shards: rows by split, and reasons for what is missing; pages by id."""

    rows: Counter[str] = field(default_factory=Counter)
    missing: dict[str, str] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)


_KEPT = ("document", "page_number", "sha256")
PAGES_SCHEMA = build_schema(
    {"id": pa.string(), "text": pa.string(), "image": IMAGE, **{name: PAGE[name] for name in _KEPT}}
)
CORPUS_SCHEMA = build_schema({"id": pa.string(), "title": pa.string(), "text": pa.string(), "image": IMAGE})
TEVATRON_SCHEMA = build_schema({"docid": pa.string(), "document_text": pa.string(), "document_image": IMAGE})
FILES_SCHEMA = build_schema({"id": pa.string(), "path": pa.string()})
_SCHEMAS = {
    "released": SCHEMA,
    "pages": PAGES_SCHEMA,
    "corpus": CORPUS_SCHEMA,
    "tevatron": TEVATRON_SCHEMA,
    "files": FILES_SCHEMA,
}


def count_pages(run: Run, asked: bool) -> dict[str, int]:
    """How many pages of each document a set takes: all, or those with a positive."""
    counts: Counter[str] = Counter()
    if not asked:
        counts.update(run.pages.column("document"))
        return dict(counts)
    rows = zip(run.queries.column("page_id"), run.queries.column("kind"), strict=True)
    pages = {page for page, kind in rows if kind == "positive"}
    for page, document in zip(run.pages.column("id"), run.pages.column("document"), strict=True):
        counts[document] += page in pages
    return {document: count for document, count in counts.items() if count}


def plan_shards(counts: Mapping[str, int], folder: str, split: str) -> list[Shard]:
    """Documents in order, cut into shards of `SHARD_PAGES` pages, with the names that the hub's files have."""
    cut: list[list[Slice]] = []
    room = 0
    for document in sorted(counts):
        start = 0
        while start < counts[document]:
            if not room:
                cut.append([])
                room = SHARD_PAGES
            stop = min(counts[document], start + room)
            cut[-1].append(Slice(document, start, stop))
            room -= stop - start
            start = stop
    return [Shard(f"{folder}/{split}-{n:05}-of-{len(cut):05}.parquet", tuple(own)) for n, own in enumerate(cut)]


def draw_shards(drawing: Drawing, shards: Sequence[Shard], progress: Progress) -> Outcome:
    """Write every shard that is not there yet; what fails in one page or one worker is told, and the rest goes on.

    Raises:
        UserError: no page at all could be drawn, or a worker died on a shard.
    """
    outcome = Outcome()
    todo = [shard for shard in shards if not _note(drawing, shard).is_file()]
    work = _Work(drawing)
    for done, (shard, result) in enumerate(run_shards(drawing.run, work, todo, SECONDS_PER_SHARD), 1):
        if isinstance(result, ShardFailure):
            raise UserError(f"{shard.file} was not written: {result.reason} ({result.detail}); export again")
        progress(len(shards) - len(todo) + done, len(shards))
    for shard in shards:
        note = json.loads(_note(drawing, shard).read_text("utf-8"))
        outcome.rows[Path(shard.file).name.split("-")[0]] += note["rows"]
        outcome.missing.update(note["missing"])
        outcome.left_out.update(note["left_out"])
    if shards and not outcome.rows.total():
        page, reason = next(iter(outcome.missing.items()), ("", "no page has a query"))
        raise UserError(f"no page could be drawn ({page}: {reason})")
    return outcome


@dataclass(frozen=True, slots=True)
class _Work:
    """In a worker: write one shard, then its note."""

    drawing: Drawing

    def __call__(self, shard: Shard) -> None:
        if _note(self.drawing, shard).is_file():
            return
        missing: dict[str, str] = {}
        left_out: Counter[str] = Counter()
        with replacing(self.drawing.place(shard)) as temporary:
            rows = _write(temporary, self.drawing, _read(self.drawing, shard, left_out), missing)
        note = {"rows": rows, "missing": missing, "left_out": dict(left_out)}
        write_text(_note(self.drawing, shard), json.dumps(note, ensure_ascii=False))


def _read(drawing: Drawing, shard: Shard, left_out: Counter[str]) -> Iterator[AskedPage]:
    for part in shard.slices:
        if drawing.asked:
            counted = left_out if not part.start else Counter[str]()  # what a document leaves out is counted once
            pages = (asked for asked in read_asked_pages(drawing.run, part.document, counted) if asked.families)
        else:
            pages = (AskedPage(page, []) for page in drawing.run.pages.read(part.document))
        yield from islice(pages, part.start, part.stop)


def _write(path: Path, drawing: Drawing, pages: Iterable[AskedPage], missing: dict[str, str]) -> int:
    schema, count = _SCHEMAS[drawing.table], 0
    with pq.ParquetWriter(path, schema, compression="zstd", use_dictionary=False) as writer:
        rows: list[dict[str, Any]] = []
        for asked in pages:
            try:
                rows.append(_build(drawing, asked, draw_page(asked.page, drawing.pixels)))
            except UserError as error:
                missing[asked.page.id] = _hide_folder(asked.page, error)
            if len(rows) == ROWS_AT_ONCE:
                writer.write_table(pa.Table.from_pylist(rows, schema))
                count, rows = count + len(rows), []
        if rows:
            writer.write_table(pa.Table.from_pylist(rows, schema))
    return count + len(rows)


def _build(drawing: Drawing, asked: AskedPage, drawn: Drawn) -> dict[str, Any]:
    page, image = asked.page, {"bytes": drawn.content, "path": drawn.name}
    match drawing.table:
        case "released":
            return build_row(asked, image)
        case "pages":
            described = describe_page(asked)
            return {"id": page.id, "text": page.text, "image": image, **{name: described[name] for name in _KEPT}}
        case "corpus":
            return {"id": page.id, "title": page.document, "text": page.text, "image": image}
        case "tevatron":
            return {"docid": page.id, "document_text": page.text, "document_image": image}
        case "files":
            return {"id": page.id, "path": _save(drawing, page, drawn)}


def _save(drawing: Drawing, page: Page, drawn: Drawn) -> str:
    """Write an image file once, whatever number of pages look like it; returns its path in the set."""
    name = f"images/{drawn.name[:2]}/{drawn.name}"
    path = drawing.staging.set / name
    if not path.is_file():
        with replacing(path) as temporary:
            temporary.write_bytes(drawn.content)
    return name


def _hide_folder(page: Page, error: UserError) -> str:
    """A reason that may be published: without the folder that the page's file is in."""
    return str(error).replace(page.source, Path(page.source).name)


def _note(drawing: Drawing, shard: Shard) -> Path:
    return drawing.staging.state / f"{shard.file.replace('/', '_')}.json"
