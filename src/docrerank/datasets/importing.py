"""The import stage: a published set becomes a run, whose pages are image files and whose queries are the set's."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from docrerank.datasets.imported_rows import Fault, build_page, parse_queries, store_image
from docrerank.datasets.mined_sets import import_mined
from docrerank.datasets.published import (
    Block,
    Published,
    Rows,
    claim_documents,
    find_published,
    plan_blocks,
    read_sets,
)
from docrerank.generation import find_bare, given_queries
from docrerank.recipe import Ingest, fingerprint
from docrerank.records import Page, Query, Rejected, UserError, one_line
from docrerank.runs import Progress, Run, ShardFailure, Stage, sort_by_hash
from docrerank.vision import is_vision_model

STAGE = "import"
STAGE_VERSION = 2
#: The folder of a run that holds the images of its pages.
IMAGES = "imported_images"
SECONDS_PER_BLOCK = 3600.0
ROWS_AT_ONCE = 8

Ocr = Literal["auto", "never", "always"]


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How a set is read.

    Attributes:
        pixels: an image with more is scaled down to this many.
        ocr: `auto` reads the text of pages by OCR if the run's model reads text and the set brings none.
        share: of the set's documents that is taken, drawn by the recipe's seed; at least one is.
    """

    pixels: int = 4_000_000
    ocr: Ocr = "auto"
    share: float = 1.0


def import_dataset(
    run: Run,
    dataset: str,
    options: ImportOptions | None = None,
    progress: Progress = lambda done, total: None,
) -> dict[str, Any]:
    """Read a published set into a run, beside the sets that it has; what was read from the same files stays.

    Pages get the ids that the set gives them, else `<set>-<block of 256 rows>/<number>`. Images go to
    RUN/imported_images by content, each once. The queries stand in RUN/imported as well, as they came: generation
    goes on from there and replaces only positives without hard negatives.

    Args:
        run: an empty run, or one of earlier imports.
        dataset: a folder of parquet files, a parquet file, a hub name, or `ColHNQue`, `FinHNQue`, `RephColHNQue`.
        options: pixel budget and OCR.
        progress: called with (blocks done, blocks in all).

    Returns:
        Counts of the stage, as they stand in `run.json`.

    Raises:
        UserError: no such set, other columns, nothing in it can be used, another set of the run has its name or one
            of its documents, or the run holds pages of its own.

    Examples:
        >>> import_dataset(run, "FinHNQue")["pages"]  # doctest: +SKIP
        19894
    """
    options = options or ImportOptions()
    if run.pages.names() and not (run.path / IMAGES).is_dir():
        raise UserError(f"'{run.path}' is a run of its own documents: give another --out")
    published = find_published(dataset)
    if published.is_mined:
        return _import_mined(run, published)
    blocks = _take_share(plan_blocks(published), options.share, run.recipe.seed)
    work = _Work(run, published.name, options, _choose_ocr(run, options.ocr))
    origins = {block.document: work.made_from(block) for block in blocks}
    others = claim_documents(run, published, list(origins), options.share)
    parts = (run.queries, run.rejected(STAGE), given_queries(run), run.pages)
    stage = Stage(run, STAGE, {**{name: run.pages.made_from(name) or "" for name in others}, **origins}, *parts)
    todo = {name for name in stage.todo() if name in origins}
    stage.forget_others()
    run.verdicts.keep_only(stage.made_from.keys() - todo)
    if not todo:
        return {**count_import(run), "redone": 0}
    with stage.record() as counts:
        results = stage.work(work, [block for block in blocks if block.document in todo], SECONDS_PER_BLOCK)
        for done, (block, result) in enumerate(results, len(blocks) - len(todo) + 1):
            if isinstance(result, ShardFailure):
                detail = f"{result.detail}; the same command tries it again"
                row = Rejected(STAGE, block.document, result.reason, detail)
                run.rejected(STAGE).write(block.document, [row], "failed")
            progress(done, len(blocks))
        counts.update(**count_import(run), redone=len(todo))
    if not any(run.pages.count(name) for name in origins):
        raise UserError(_nothing_imported(run, published.name, blocks))
    return counts


def _import_mined(run: Run, published: Published) -> dict[str, Any]:
    with run.manifest.stage(STAGE) as counts:
        found = import_mined(run, published)
        claim_documents(run, published, [], 1.0)
        counts.update(**count_import(run), redone=1, mined=found["mined"])
        counts["rejected"] |= {name: n for name, n in found.items() if name not in ("queries", "mined")}
    return counts


def count_import(run: Run) -> dict[str, Any]:
    """Which sets there are (name to share), how many pages and queries, and why others were left out."""
    sources, given = Counter(run.pages.column("text_source")), given_queries(run)
    return {
        "sets": {name: one["share"] for name, one in read_sets(run).items()},
        "pages": sources.total(),
        "pages_with_text": sources.total() - sources["none"],
        **Counter(given.column("kind")),
        "positives_without_negatives": sum(len(find_bare(given.read(name))) for name in given.names()),
        "rejected": dict(Counter(run.rejected(STAGE).column("reason")).most_common()),
    }


@dataclass(frozen=True, slots=True)
class _Work:
    """In a worker: import one block."""

    run: Run
    name: str
    options: ImportOptions
    ingest: Ingest

    def made_from(self, block: Block) -> str:
        """The fingerprint of all that the block's parts depend on."""
        settings = [self.name, self.options.pixels, str(self.run.path.resolve())]
        return fingerprint(STAGE, STAGE_VERSION, block.made_from, settings, self.ingest)

    def __call__(self, block: Block) -> None:
        origin = self.made_from(block)
        if self.run.pages.is_done(block.document, origin):
            return
        made = _Made()
        for row in _read_rows(block, made):
            self._take(block, row, made)
        os.sync()  # once for all images of the block: flushing each would take most of the time
        self.run.rejected(STAGE).write(block.document, made.rejected, origin)
        given_queries(self.run).write(block.document, made.queries, origin)
        self.run.queries.write(block.document, made.queries, origin)
        self.run.pages.write(block.document, sorted(made.pages, key=lambda page: page.number), origin)

    def _take(self, block: Block, row: dict[str, Any], made: _Made) -> None:
        place = row.get("page_number")
        number = place if "page_id" in row and isinstance(place, int) and place > 0 else len(made.numbers) + 1
        page_id = f"{block.document}/{number}"
        if number in made.numbers:
            made.reject(page_id, Fault("page twice in the set", f"'{page_id}' stands in an earlier row too"))
            return
        made.numbers.add(number)
        ingest = self.ingest if row.get("page_text") is None else self.ingest.model_copy(update={"ocr": "never"})
        stored = store_image(row.get("image"), self.run.path / IMAGES, self.options.pixels, ingest)
        if isinstance(stored, Fault):
            made.reject(page_id, stored)
            return
        if "positive_queries" not in row and "query" in row:  # ColPali's train set: one query a row
            row = {**row, "positive_queries": [row["query"]], "answer": [row.get("answer") or ""]}
        if "positive_queries" in row:
            queries, faults = parse_queries(row, page_id, f"imported {self.name}")
            made.queries += queries
            made.reject(page_id, *faults)
        page, fault = build_page(stored, block.document, number, row, self.ingest.max_page_words)
        made.pages.append(page)
        made.reject(page_id, *([fault] if fault else []))


@dataclass(slots=True)
class _Made:
    """What came of a block so far; `where` names the row that is read."""

    pages: list[Page] = field(default_factory=list)
    queries: list[Query] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    numbers: set[int] = field(default_factory=set)
    where: str = ""

    def reject(self, page_id: str, *faults: Fault) -> None:
        self.rejected += [Rejected(STAGE, self.where, fault.reason, fault.detail, page_id) for fault in faults]


def _read_rows(block: Block, made: _Made) -> Iterator[dict[str, Any]]:
    """Yield the rows of a block, a few held at a time; a part of a file that cannot be read is rejected."""
    for part in block.rows:
        try:
            for number, row in _read_part(part):
                made.where = f"{Path(part.file).name}, row {number}"
                yield row
        except (pa.ArrowException, OSError) as error:
            made.where = Path(part.file).name
            made.reject("", Fault("cannot be read", f"rows from {part.start} to {part.stop}: {one_line(error)}"))


def _read_part(part: Rows) -> Iterator[tuple[int, dict[str, Any]]]:
    with pq.ParquetFile(part.file) as file:
        first = 0
        for group in range(file.num_row_groups):
            count = file.metadata.row_group(group).num_rows
            if first < part.stop and first + count > part.start:
                number = first
                for batch in file.iter_batches(ROWS_AT_ONCE, row_groups=[group]):
                    start = max(number, part.start)
                    yield from enumerate(batch.slice(start - number, max(0, part.stop - start)).to_pylist(), start)
                    number += len(batch)
            first += count


def _take_share(blocks: list[Block], share: float, seed: int) -> list[Block]:
    drawn = sort_by_hash([block.document for block in blocks], seed)[: max(1, round(share * len(blocks)))]
    return [block for block in blocks if block.document in set(drawn)]


def _choose_ocr(run: Run, ocr: Ocr) -> Ingest:
    """An image has no text layer: it is read by OCR, or not at all."""
    reads = ocr == "always" or (ocr == "auto" and not is_vision_model(run.recipe.train.base))
    return run.recipe.ingest.model_copy(update={"ocr": "always" if reads else "never"})


def _nothing_imported(run: Run, name: str, blocks: list[Block]) -> str:
    row = next((row for block in blocks for row in run.rejected(STAGE).read(block.document)), None)
    why = f"{row.subject}: {row.reason} ({row.detail})" if row else "it has no rows"
    return f"nothing in '{name}' could be used; {why}"
