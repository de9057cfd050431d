"""Writes a run as a training set in one of the forms that trainers and benchmarks read."""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import json
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from docrerank.datasets.card import CardFacts, Config, describe_audit, select_recipe, write_card
from docrerank.datasets.groups import GROUP_TABLES, FamilyGroup, GroupReader, build_rows, judge_queries
from docrerank.datasets.page_tables import Table, count_pages, draw_files, plan_files
from docrerank.datasets.tables import ID, TEXT, Columns, writing_parquet
from docrerank.datasets.usage import FORMS
from docrerank.recipe import fingerprint
from docrerank.records import Query, UserError
from docrerank.runs import Progress, Run, read_json, split_run, write_text

#: Raised when the same run and options would give another set than before.
VERSION = 2
#: What an export was made from and what is in it; also marks a finished set.
MANIFEST = "docrerank.json"
#: All of a query's fields.
QUERIES: Columns = {
    field.name: {"level": pa.int64(), "answered_by": pa.list_(pa.string())}.get(field.name, TEXT)
    for field in dataclasses.fields(Query)
}
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
        dev_share: share of positives, in whole documents, that make a dev split; 0 for none.
        negatives: of a labelled list, at most.
        license: as the hub names it, for the card.
    """

    form: str
    pixels: int = 1_200_000
    dev_share: float = 0.0
    negatives: int = 3
    license: str = ""

    def check(self) -> None:
        """Raise a UserError that says which option is wrong."""
        if self.form not in FORMS:
            raise UserError(f"no form '{self.form}': the forms of a run are {', '.join(FORMS)}")
        if not 0 <= self.dev_share < 1:
            raise UserError(f"a dev share of {self.dev_share} makes no split: give 0 or more and less than 1")
        if self.dev_share and self.form == "beir":
            raise UserError("the form 'beir' has no training split: leave --dev-share out")
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
        job = _Job(run, options, folder, progress, _find_dev(run, options.dev_share))
        _write(job)
        left_out = +(job.left_out + Counter({"pages that could not be drawn": len(job.missing)}))
        facts = CardFacts(options.form, job.configs, left_out, options.license)
        write_text(folder / "README.md", write_card(run, facts))
        manifest = {
            "form": options.form,
            "made_from": made_from,
            "rows": {config.name: dict(config.rows) for config in job.configs},
            "left_out": dict(sorted(job.left_out.items())),
            "missing": dict(sorted(job.missing.items())),
        }
        write_text(folder / MANIFEST, json.dumps(manifest, indent=2, ensure_ascii=False) + "\n")
    return {**manifest, "redone": 1}


@dataclass(slots=True)
class _Job:
    """An export at work; `dev` has the documents of the dev split, `configs` the tables written so far."""

    run: Run
    options: ExportOptions
    folder: Path
    progress: Progress
    dev: frozenset[str] = frozenset()
    configs: list[Config] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    missing: dict[str, str] = field(default_factory=dict)

    @property
    def splits(self) -> tuple[str, ...]:
        """`train`, and `dev` if there is one."""
        return ("train", "dev") if self.dev else ("train",)

    def draw(self, table: Table, name: str, folder: str, splits: Sequence[str]) -> None:
        """Draw the pages of a table; one without splits of its own is one split."""
        counts = count_pages(self.run, table == "released")
        if not counts:
            what = "page with a query" if table == "released" else "page"
            raise UserError(f"'{self.run.path}' has no {what}: nothing to export")
        files = []
        for split in splits:
            own = {doc: n for doc, n in counts.items() if len(splits) == 1 or (doc in self.dev) == (split == "dev")}
            files += plan_files(own, self.folder / folder, split)
        drawn = draw_files(self.run, table, self.options.pixels, files, self.progress)
        self.left_out.update(drawn.left_out)
        self.missing.update(drawn.missing)
        self._add(name, folder, {split: drawn.rows[split] for split in splits})

    @contextlib.contextmanager
    def writing(
        self, tables: Mapping[str, Columns], splits: Sequence[str]
    ) -> Iterator[Callable[[str, str, dict[str, Any]], None]]:
        """Give a function of (table, split, row); when the block ends well, the tables are in the set and its card."""
        rows: Counter[tuple[str, str]] = Counter()
        with contextlib.ExitStack() as stack:
            writers = {
                (table, split): stack.enter_context(
                    writing_parquet(self.folder / table / f"{split}-00000-of-00001.parquet", columns)
                )
                for table, columns in tables.items()
                for split in splits
            }

            def write(table: str, split: str, row: dict[str, Any]) -> None:
                writers[table, split](row)
                rows[table, split] += 1

            yield write
        for table in tables:
            self._add(table, table, {split: rows[table, split] for split in splits})

    def groups(self) -> Iterator[FamilyGroup]:
        """The families of the set, with what they leave out counted."""
        return GroupReader(self.run, self.dev, self.missing, self.left_out).read()

    def _add(self, name: str, folder: str, rows: dict[str, int]) -> None:
        self.configs.append(Config(name, {split: f"{folder}/{split}-*.parquet" for split in rows}, rows))


def _write(job: _Job) -> None:
    match job.options.form:
        case "hf":
            job.draw("released", "default", "data", job.splits)
        case "beir":
            job.draw("corpus", "corpus", "corpus", ["test"])
            _write_judged(job)
        case form:
            job.draw("pages", "pages", "pages", ["train"])
            _write_groups(job, form)


def _write_groups(job: _Job, form: str) -> None:
    with (
        job.writing({"queries": QUERIES}, ["train"]) as write_query,
        job.writing(GROUP_TABLES[form], job.splits) as write,
    ):
        for group in job.groups():
            for query in (*group.family.wordings(), *group.family.negatives):
                write_query("queries", "train", {name: getattr(query, name) for name in QUERIES})
            for table, row in build_rows(form, group, job.options.negatives):
                write(table, group.split, row)


def _write_judged(job: _Job) -> None:
    with job.writing(_BEIR, ["test"]) as write:
        for group in job.groups():
            for query, judged in judge_queries(group):
                write("queries", "test", {"id": query.id, "text": query.text})
                for page, score in judged.items():
                    write("qrels", "test", {"query-id": query.id, "corpus-id": page, "score": score})


def _find_dev(run: Run, share: float) -> frozenset[str]:
    """The documents that training keeps for its dev part at this share; none of a single document."""
    split = split_run(run, share) if share else None
    if split is None or split.unit == "page":
        return frozenset()
    return frozenset(page.rpartition("/")[0] for page in split.dev)


def _fingerprint(run: Run, options: ExportOptions) -> str:
    parts = (run.pages, run.queries, run.verdicts, run.mined, run.rejected("generate"), run.rejected("import"))
    origins = [[[name, part.made_from(name)] for name in part.names()] for part in parts]
    return fingerprint("export", VERSION, asdict(options), select_recipe(run), origins, describe_audit(run))


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
        with (place / "lock").open("w") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise UserError(f"another docrerank writes '{target}': wait for it or give another --out") from None
            shutil.rmtree(place / "set", ignore_errors=True)
            (place / "set").mkdir()
            yield place / "set"
            with contextlib.suppress(FileNotFoundError):
                target.rmdir()
            os.replace(place / "set", target)
            shutil.rmtree(place, ignore_errors=True)
    except OSError as error:
        raise UserError(f"cannot write '{target}': {error.strerror or error}; fix this and export again") from error
