"""The ingest stage: every document of the run to its part of page records, in worker processes."""

from __future__ import annotations

import platform
import resource
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

from docrerank.pages.ocr import has_ocr
from docrerank.pages.read_files import read_whole
from docrerank.pages.sources import Document, find_documents
from docrerank.recipe import Ingest, Recipe, fingerprint
from docrerank.records import MissingExtra, Page, Rejected, UserError
from docrerank.runs import Parts, Run, ShardFailure, Stage, is_url

#: Raised when the same file and recipe would give other pages than before.
STAGE_VERSION = 7
#: The part that holds what was rejected before any document was opened; no stem has a slash.
SOURCES = "/sources"
#: Data that one worker may hold. Only data: a bound on addresses would also count what libraries merely reserve.
WORKER_BYTES = 4 << 30
#: For a guess of how much work a document is.
BYTES_PER_PAGE = 50_000
BASE_SECONDS, SECONDS_PER_MEGABYTE = 600.0, 120.0

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class IngestPlan:
    """What an ingest would do.

    Attributes:
        stage: its shards are the documents.
        todo: documents to read, the biggest first.
        done: documents whose pages are there, made from the same bytes and the same recipe.
        rejected: files that cannot be taken.
    """

    stage: Stage
    todo: list[Document]
    done: list[Document]
    rejected: list[Rejected]


@dataclass(frozen=True, slots=True)
class _Shard:
    document: Document
    ingest: Ingest
    folder: Path
    made_from: str
    title_strip: bool


def plan_ingest(run: Run, paths: Sequence[str | Path]) -> IngestPlan:
    """Say which documents an ingest of these paths would read, without reading any.

    Raises:
        UserError: as `find_documents`.
        MissingExtra: the recipe wants OCR for every page, and RapidOCR is not installed.
    """
    if run.recipe.ingest.ocr == "always" and not has_ocr():
        raise MissingExtra("rapidocr", "ocr")
    documents, rejected = find_documents(paths, run.recipe.ingest.max_file_bytes)
    stage = _open_stage(run, documents)
    names = set(stage.todo())
    todo = sorted(
        (document for document in documents if document.stem in names),
        key=lambda document: (-document.size, document.stem),
    )
    return IngestPlan(stage, todo, [document for document in documents if document.stem not in names], rejected)


def ingest(run: Run, paths: Sequence[str | Path], progress: Progress | None = None) -> dict[str, Any]:
    """Read PDFs and images into the run's pages; documents already read and unchanged are left as they are.

    Args:
        run: its `pages` and `rejected("ingest")` parts are written, one per document; parts of documents that are
            no longer among the paths are deleted.
        paths: as in `find_documents`.
        progress: told (documents finished, documents to read) at the start and after each.

    Returns:
        counts: `documents` (of which there are pages), `left_out` (documents), `pages`, `layer`, `ocr`, `none`,
        `rejected` (documents and pages), and for this call `read` (documents) and `pages_per_second`.

    Raises:
        UserError: nothing to read, nothing of it could be read, or the disk is full. What was written stays.

    Examples:
        >>> ingest(run, ["papers/"])["pages"]  # doctest: +SKIP
        1392
    """
    plan = plan_ingest(run, paths)
    plan.stage.forget_others()
    run.rejected("ingest").write(SOURCES, plan.rejected, fingerprint("ingest", STAGE_VERSION))
    report = progress or (lambda finished, total: None)
    counts = _read_todo(run, plan, report) if plan.todo else {**_count(run, plan), "read": 0}
    if not counts["pages"]:
        raise UserError(_nothing_read(run))
    return counts


def _read_todo(run: Run, plan: IngestPlan, progress: Progress) -> dict[str, Any]:
    with plan.stage.record() as counts:
        started = time.perf_counter()
        fresh = _read_all(plan.stage, plan.todo, progress)
        speed = round(fresh / (time.perf_counter() - started), 1)
        read = sum(run.pages.count(document.stem) > 0 for document in plan.todo)
        counts |= {**_count(run, plan), "read": read, "pages_per_second": speed}
    return counts


def _read_all(stage: Stage, documents: Sequence[Document], progress: Progress) -> int:
    """Read documents in workers; returns how many pages came out."""
    run, pages = stage.run, 0
    shards = [
        _Shard(each, run.recipe.ingest, run.path, stage.made_from[each.stem], run.recipe.generate.title_strip)
        for each in documents
    ]
    progress(0, len(shards))
    results = stage.work(_read_shard, shards, _time_limit(documents), _guess_pages)
    for finished, (shard, result) in enumerate(results, start=1):
        if isinstance(result, ShardFailure):
            _settle_failure(run, shard, result)
        else:
            pages += result
        progress(finished, len(shards))
    return pages


def _read_shard(shard: _Shard) -> int:
    """In a worker: write a document's rejected part, then its pages part; returns the number of pages."""
    pages = Parts(shard.folder / "pages", Page)
    if pages.is_done(shard.document.stem, shard.made_from):
        return pages.count(shard.document.stem)
    if not (is_url(shard.document.path) or Path(shard.document.path).exists()):
        raise UserError(f"{platform.node()} does not see '{shard.document.path}': put it where all machines see it")
    _bound_memory()
    read, rejected = read_whole(shard.document, shard.ingest, shard.title_strip)
    Parts(shard.folder / "rejected" / "ingest", Rejected).write(shard.document.stem, rejected, shard.made_from)
    return pages.write(shard.document.stem, read, shard.made_from)


def _settle_failure(run: Run, shard: _Shard, failure: ShardFailure) -> None:
    """Put down why a document is missing. One that took too long counts as done; another failure is tried again."""
    stem, again = shard.document.stem, failure.reason != "took too long"
    detail = f"{failure.detail}; the same command tries it again" if again else f"{failure.detail}; split the file"
    row = Rejected("ingest", shard.document.path, failure.reason, detail)
    run.rejected("ingest").write(stem, [row], shard.made_from)
    if again:
        run.pages.keep_only(set(run.pages.names()) - {stem})
    else:
        run.pages.write(stem, [], shard.made_from)


def _open_stage(run: Run, documents: Sequence[Document]) -> Stage:
    origins = {document.stem: _made_from(document, run.recipe) for document in documents}
    return Stage(run, "ingest", origins, run.rejected("ingest"), run.pages)


def _made_from(document: Document, recipe: Recipe) -> str:
    reads_ocr = recipe.ingest.ocr != "never" and has_ocr()
    strip = ["title strip"] if recipe.generate.title_strip else []
    of_file = (document.sha256, document.stem, document.path, astuple(document.cover))
    return fingerprint("ingest", STAGE_VERSION, *of_file, recipe.ingest, reads_ocr, *strip)


def _time_limit(documents: Sequence[Document]) -> float:
    biggest = max((document.size for document in documents), default=0)
    return BASE_SECONDS + SECONDS_PER_MEGABYTE * biggest / 1e6


def _guess_pages(shard: _Shard) -> float:
    return shard.document.size / BYTES_PER_PAGE


def _bound_memory() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    if hard == resource.RLIM_INFINITY or hard > WORKER_BYTES:
        resource.setrlimit(resource.RLIMIT_DATA, (WORKER_BYTES, hard))


def _count(run: Run, plan: IngestPlan) -> dict[str, Any]:
    sources = Counter(run.pages.column("text_source"))
    documents = sum(run.pages.count(name) > 0 for name in run.pages.names())
    return {
        "documents": documents,
        "left_out": len(plan.todo) + len(plan.done) + len(plan.rejected) - documents,
        "pages": sources.total(),
        "layer": sources["layer"],
        "ocr": sources["ocr"],
        "none": sources["none"],
        "rejected": sum(1 for _ in run.rejected("ingest").column("reason")),
    }


def _nothing_read(run: Run) -> str:
    first = next(iter(run.rejected("ingest").read()), None)
    why = f"{first.subject}: {first.reason} ({first.detail})" if first else "every document is empty"
    return f"no page could be read; {why}; all reasons are in '{run.path / 'rejected' / 'ingest'}'"
