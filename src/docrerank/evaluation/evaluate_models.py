"""Evaluate models on a benchmark by its name: every form of benchmark, one folder of results."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docrerank.evaluation.benchmark import (
    Collection,
    DataSet,
    find_levels,
    is_pdf_benchmark,
    read_beir,
    read_pdf_benchmark,
)
from docrerank.evaluation.candidates import TOP, Candidates, find_candidates, slug
from docrerank.evaluation.layout import build_dict, draw_table, render
from docrerank.evaluation.results_table import ResultsTable, build_table
from docrerank.evaluation.statistics import RESAMPLES
from docrerank.evaluation.summary import build_summary, render_summary
from docrerank.evaluation.system_result import Measured, measure, measure_order
from docrerank.evaluation.systems import open_system
from docrerank.recipe import load_recipe
from docrerank.records import UserError
from docrerank.runs import Progress, Run, write_text

NOTES = (
    "Every system reorders the same candidates.",
    "ms/query: the median; a model's pages are each read once, and their queries share the time. tokens/query: what "
    "the model reads for a query and all its candidates when nothing is shared.",
)
#: From a model's name and the candidates to what it made of them.
Measure = Callable[[str, Candidates], Measured]


@dataclass(frozen=True, slots=True)
class Settings:
    """How models are evaluated.

    Attributes:
        out: the folder of candidates, results, tables and plots.
        first_stage: see `find_candidates`; None: the data set's candidates, else BM25.
        top: candidates of a question.
        data: where local copies of the hub's data sets stand.
        split: of the data set.
        levels: rephrase levels to ask, of a data set that has them; empty: all.
        with_text: give vision models the page's text beside its image.
        trust_code: run the code in a model's repository where it needs it.
        seed: of every resampling and of `random`.
        resamples: of the bootstrap.
        pixels: of a page at most, for vision models; None: each model's own.
        prompt: of vision models, by name; None: each model's own.
    """

    out: Path
    first_stage: str | None = None
    top: int = TOP
    data: Path = Path("datasets")
    split: str = "test"
    levels: tuple[int, ...] = ()
    with_text: bool = False
    trust_code: bool = False
    seed: int = 0
    resamples: int = RESAMPLES
    pixels: int | None = None
    prompt: str | None = None

    @property
    def reading(self) -> dict[str, Any]:
        """How vision models are to read pages, as far as it was said."""
        return {name: value for name in ("pixels", "prompt") if (value := getattr(self, name)) is not None}


def evaluate_models(
    models: Sequence[str],
    benchmark: str,
    settings: Settings,
    progress: Progress = lambda done, total: None,
) -> list[ResultsTable]:
    """Measure models on a benchmark, beside the order of the first stage.

    Args:
        models: run folders, model folders, hub names, `minilm`, or the baselines `bm25`, `random`, `oracle`.
        benchmark: a folder of PDFs with questions, or a data set in BEIR form (a folder or a hub name).
        settings: how.
        progress: called with (steps done, steps in all) of the step that runs.

    Returns:
        one table for each task and rephrase level; each is also in `settings.out` as text, Markdown, JSON, CSV, SVG.

    Raises:
        UserError: an unknown benchmark or model, or data that is not at hand.

    Example:
        >>> evaluate_models(["minilm"], "samples/benchmark", Settings(Path("out")))[0].queries  # doctest: +SKIP
        84
    """
    tables = []
    if not models:
        raise UserError("no model to evaluate: name a run, a model's folder, or a baseline such as bm25")
    for collection in open_collections(benchmark, settings):

        def work(name: str, found: Candidates, collection: Collection = collection) -> Measured:
            options = (settings.seed, settings.with_text, settings.trust_code)
            system = open_system(name, collection, *options, **settings.reading)
            return measure(collection, system, found, settings.out, progress)

        tables.append(compare_models(models, collection, settings, work, progress))
    write_summary(tables, settings.out)
    return tables


def open_collections(benchmark: str, settings: Settings) -> list[Collection]:
    """A folder or a data set as collections, one for each rephrase level that it has and that is asked for."""
    path = Path(benchmark)
    if is_pdf_benchmark(path):
        settings.out.mkdir(parents=True, exist_ok=True)
        return [read_pdf_benchmark(path, Run.create(settings.out / "pages", load_recipe("cpu")))[0]]
    data = DataSet(benchmark, settings.data, settings.split)
    levels = [level for level in find_levels(data) if not settings.levels or level in settings.levels]
    pages = settings.out / "pages"
    return [read_beir(data, pages, level) for level in levels] if levels else [read_beir(data, pages)]


def compare_models(
    models: Sequence[str], collection: Collection, settings: Settings, work: Measure, progress: Progress
) -> ResultsTable:
    """Find the candidates of one collection, let every model reorder them, and write the table's files."""
    found = find_candidates(collection, settings.out, settings.first_stage, settings.top, progress)
    measured = [measure_order(found), *(work(name, found) for name in dict.fromkeys(models))]
    table = build_table(
        collection, found, measured, every_pair=True, notes=NOTES, seed=settings.seed, resamples=settings.resamples
    )
    write_table(table, settings.out)
    return table


def write_table(table: ResultsTable, out: Path) -> None:
    """Write a table's files: `<name>.txt`, `.md`, `.json`, `.csv` and `.svg`."""
    name = slug(table.name)
    content = {"command": shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]), **build_dict(table)}
    write_text(out / f"{name}.json", json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    write_text(out / f"{name}.txt", render(table))
    write_text(out / f"{name}.md", render(table, "markdown"))
    write_text(out / f"{name}.csv", render(table, "csv"))
    write_text(out / f"{name}.svg", draw_table(table))


def write_summary(tables: Sequence[ResultsTable], out: Path) -> None:
    """Write `summary.json` and `summary.txt` of several tables."""
    if len(tables) > 1:
        write_text(out / "summary.json", json.dumps(build_summary(tables), indent=1, ensure_ascii=False) + "\n")
        write_text(out / "summary.txt", render_summary(tables))
