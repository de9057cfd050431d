"""An export at work: its options, where it writes, and what it has left out so far."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from docrerank.datasets.card import Config
from docrerank.datasets.groups import GroupReader
from docrerank.datasets.shards import Drawing, Outcome, Progress, Table, count_pages, draw_shards, plan_shards
from docrerank.datasets.staging import Staging
from docrerank.datasets.tables import Tables, writing_lines, writing_parquet
from docrerank.records import UserError
from docrerank.runs import Run

#: The forms of a training set, each with one line about it.
FORMS = {
    "hf": "the released schema: one row a page with its image, positives, hard negatives and answers",
    "triplet": "sentence-transformers: anchor, positive, negative, by id",
    "n-tuple": "sentence-transformers: anchor, positive and --negatives negatives, by id",
    "labeled-pair": "sentence-transformers: query, page, label, by id",
    "labeled-list": "sentence-transformers: query and pages, or page and queries, with labels, by id",
    "ms-swift": "JSON lines of messages with image files",
    "tevatron": "queries by document id and a corpus with images, as parquet",
    "beir": "corpus, queries and qrels as parquet, as the hub's benchmarks have them",
    "benchmark": "a folder for --benchmark: PDFs, queries.jsonl, qrels/test.tsv",
}


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """How a set is written.

    Attributes:
        form: one of `FORMS`.
        pixels: of an image at most.
        dev_share: share of positives, in whole documents, that make a dev split; 0 for none.
        negatives: of an n-tuple; of a labelled list at most.
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
        if self.dev_share and self.form in ("beir", "benchmark"):
            raise UserError(f"the form '{self.form}' has no training split: leave --dev-share out")
        if self.pixels < 1 or self.negatives < 1:
            raise UserError("--pixels and --negatives are at least 1")


@dataclass(slots=True)
class Job:
    """An export at work.

    Attributes:
        run: what is exported.
        options: how.
        staging: where it is written.
        progress: told (shards done, shards in all).
        dev: documents of the dev split.
        configs: the set's tables, as they are written.
        left_out: reason to count.
        missing: pages that could not be drawn, with reasons.
    """

    run: Run
    options: ExportOptions
    staging: Staging
    progress: Progress
    dev: frozenset[str] = frozenset()
    configs: list[Config] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    missing: dict[str, str] = field(default_factory=dict)

    def draw(self, table: Table, folder: str, splits: Sequence[str], asked: bool = False) -> Outcome:
        """Draw all pages into shards of a table; a table without splits of its own is one split."""
        counts = count_pages(self.run, asked)
        if not counts:
            raise UserError(f"'{self.run.path}' has no {'page with a query' if asked else 'page'}: nothing to export")
        by_split = {
            split: plan_shards(
                {name: n for name, n in counts.items() if len(splits) == 1 or (name in self.dev) == (split == "dev")},
                folder,
                split,
            )
            for split in splits
        }
        shards = [shard for own in by_split.values() for shard in own]
        drawing = Drawing(self.run, self.staging, table, self.options.pixels, asked)
        outcome = draw_shards(drawing, shards, self.progress)
        self.left_out.update(outcome.left_out)
        self.missing.update(outcome.missing)
        return outcome

    @contextlib.contextmanager
    def writing(self, tables: Tables, splits: Sequence[str]) -> Iterator[Callable[[str, str, dict[str, Any]], None]]:
        """Give a function of (table, split, row); when the block ends well, the tables are in the set and its card."""
        rows: Counter[tuple[str, str]] = Counter()
        with contextlib.ExitStack() as stack:
            writers = {
                (table, split): stack.enter_context(
                    writing_parquet(self.staging.set / table / f"{split}-00000-of-00001.parquet", columns)
                    if columns
                    else writing_lines(self.staging.set / table / f"{split}.jsonl")
                )
                for table, columns in tables.items()
                for split in splits
            }

            def write(table: str, split: str, row: dict[str, Any]) -> None:
                writers[table, split](row)
                rows[table, split] += 1

            yield write
        for table, columns in tables.items():
            self.add(table, table, {split: rows[table, split] for split in splits}, "parquet" if columns else "jsonl")

    def add(self, name: str, folder: str, rows: dict[str, int], suffix: str = "parquet") -> None:
        """Name a table in the card."""
        files = {split: f"{folder}/{split}{'-*' if suffix == 'parquet' else ''}.{suffix}" for split in rows}
        self.configs.append(Config(name, files, rows))

    @property
    def splits(self) -> tuple[str, ...]:
        """`train`, and `dev` if there is one."""
        return ("train", "dev") if self.dev else ("train",)

    def groups(self) -> GroupReader:
        """The families of the set, with what they leave out counted."""
        return GroupReader(self.run, self.dev, self.missing, self.left_out)
