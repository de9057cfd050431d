"""Writes a run as a training set in one of the forms that trainers and benchmarks read."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from docrerank.datasets.card import FORMS, name_folder, select_recipe, write_card
from docrerank.datasets.group_rows import GROUP_TABLES, build_rows, judge_queries, read_groups
from docrerank.datasets.page_tables import Table, count_pages, draw_files, plan_files
from docrerank.datasets.parquet_files import ID, TEXT, Columns, writing_parquet
from docrerank.recipe import fingerprint
from docrerank.records import Query, UserError
from docrerank.report.audit import read_summary
from docrerank.runs import Progress, Run, hold, read_json, schema_of, write_text

#: Raised when the same run and options would give another set than before.
VERSION = 4
#: What an export was made from and what is in it; also marks a finished set.
MANIFEST = "docrerank.json"
#: All of a query's fields.
QUERIES: Columns = {column.name: column.type for column in schema_of(Query)}
_BEIR: dict[str, Columns] = {
    "queries": {"id": ID, "text": TEXT},
    "qrels": {"query-id": ID, "corpus-id": ID, "score": pa.int64()},
}


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """How a set is written.

    Attributes:
        form: one of `FORMS`.
        pixels: of an image at most.
        negatives: of a labelled list, at most.
        license: as the hub names it, for the card.
    """

    form: str
    pixels: int = 1_200_000
    negatives: int = 3
    license: str = ""

    def check(self) -> None:
        """Raise a UserError that says which option is wrong."""
        if self.form not in FORMS:
            raise UserError(f"no form '{self.form}': the forms of a run are {', '.join(FORMS)}")
        if self.pixels < 1 or self.negatives < 1:
            raise UserError("--pixels and --negatives are at least 1")


def export_run(
    run: Run, out: Path, options: ExportOptions, progress: Progress = lambda done, total: None
) -> dict[str, Any]:
    """Write a run's pages and queries as a set; the same set again is not written twice.

    Memory does not grow with the run: pages are drawn in worker processes, a few at a time. A killed export leaves
    nothing at `out`. The same run and options give the same bytes.

    Args:
        run: a run with pages and queries.
        out: a folder that is empty or not there.
        options: form and details.
        progress: called with (files done, files in all).

    Returns:
        What the set's `docrerank.json` says: `form`, `rows` by table and split, `left_out` by reason, `missing` pages
        with reasons, and `redone`, 0 if it was there already.

    Raises:
        UserError: an option is wrong, the run has nothing to export, a page's file is gone for all pages, or `out`
            holds something else.

    Examples:
        >>> export_run(run, Path("set"), ExportOptions("hf"))["rows"]  # doctest: +SKIP
        {'default': {'train': 117}}
    """
    options.check()
    made_from = _fingerprint(run, options)
    if there := _find_set(out, made_from):
        return {**there, "redone": 0}
    with _staged(out) as folder:
        job = _Job(run, options, folder, progress)
        job.write()
        manifest = {
            "form": options.form,
            "made_from": made_from,
            "rows": job.rows,
            "left_out": dict(sorted(job.left_out.items())),
            "missing": dict(sorted(job.missing.items())),
        }
        left_out = +(job.left_out + Counter({"pages that could not be drawn": len(job.missing)}))
        write_text(folder / "README.md", write_card(run, options.form, job.rows, left_out, options.license))
        write_text(folder / MANIFEST, json.dumps(manifest, indent=2, ensure_ascii=False) + "\n")
    return {**manifest, "redone": 1}


@dataclass(slots=True)
class _Job:
    """An export at work; `rows` has what was written, by table and split."""

    run: Run
    options: ExportOptions
    folder: Path
    progress: Progress
    rows: dict[str, dict[str, int]] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)
    missing: dict[str, str] = field(default_factory=dict)

    def write(self) -> None:
        """Write the tables of the form."""
        match self.options.form:
            case "hf":
                self._draw("released", "default")
            case "beir":
                self._draw("corpus", "corpus", "test")
                self._write_judged()
            case form:
                self._draw("pages", "pages")
                self._write_groups(form)

    def _draw(self, table: Table, name: str, split: str = "train") -> None:
        """Draw the pages of a table."""
        files = plan_files(count_pages(self.run, table), self.folder / name_folder(name), split)
        drawn = draw_files(self.run, table, self.options.pixels, files, self.progress)
        self.left_out.update(drawn.left_out)
        self.missing.update(drawn.missing)
        self.rows[name] = {split: drawn.rows}

    def _write_groups(self, form: str) -> None:
        with self._writing({"queries": QUERIES, **GROUP_TABLES[form]}, "train") as write:
            for group in read_groups(self.run, self.missing, self.left_out):
                for query in (*group.family.wordings(), *group.family.negatives):
                    write("queries", {name: getattr(query, name) for name in QUERIES})
                for table, row in build_rows(form, group, self.options.negatives):
                    write(table, row)

    def _write_judged(self) -> None:
        with self._writing(_BEIR, "test") as write:
            for group in read_groups(self.run, self.missing, self.left_out):
                for query, judged in judge_queries(group):
                    write("queries", {"id": query.id, "text": query.text})
                    for page, score in judged.items():
                        write("qrels", {"query-id": query.id, "corpus-id": page, "score": score})

    @contextlib.contextmanager
    def _writing(self, tables: Mapping[str, Columns], split: str) -> Iterator[Callable[[str, dict[str, Any]], None]]:
        """Give a function of (table, row); when the block ends well, the tables are in the set."""
        self.rows |= {table: {split: 0} for table in tables}
        with contextlib.ExitStack() as stack:
            writers = {
                table: stack.enter_context(
                    writing_parquet(self.folder / table / f"{split}-00000-of-00001.parquet", columns)
                )
                for table, columns in tables.items()
            }

            def write(table: str, row: dict[str, Any]) -> None:
                writers[table](row)
                self.rows[table][split] += 1

            yield write


def _fingerprint(run: Run, options: ExportOptions) -> str:
    parts = (run.pages, run.queries, run.verdicts, run.mined, run.rejected("generate"), run.rejected("import"))
    origins = [[[name, part.made_from(name)] for name in part.names()] for part in parts]
    return fingerprint("export", VERSION, asdict(options), select_recipe(run), origins, repr(read_summary(run.path)))


def _find_set(target: Path, made_from: str) -> dict[str, Any]:
    """The manifest of the same set, if it is there already; an error if something else is."""
    if target.exists() and not target.is_dir():
        raise UserError(f"'{target}' is a file: give a folder to --out")
    manifest = read_json(target / MANIFEST)
    if manifest.get("made_from") == made_from:
        return manifest
    if target.exists() and any(target.iterdir()):
        raise UserError(f"'{target}' is not empty: give another --out, or delete it")
    return {}


@contextlib.contextmanager
def _staged(target: Path) -> Iterator[Path]:
    """Give a folder beside the target; when the block ends well, it takes the target's place in one step."""
    place = target.parent / f".{target.name}.partial"
    try:
        place.mkdir(parents=True, exist_ok=True)
        with hold(place / "lock"):
            shutil.rmtree(place / "set", ignore_errors=True)
            (place / "set").mkdir()
            yield place / "set"
            with contextlib.suppress(FileNotFoundError):
                target.rmdir()
            os.replace(place / "set", target)
        shutil.rmtree(place, ignore_errors=True)
    except OSError as error:
        raise UserError(f"cannot write '{target}': {error.strerror or error}; fix this and export again") from error
