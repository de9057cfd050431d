"""Models on any benchmark: open its questions, find candidates, let every model reorder them, write the tables."""

from __future__ import annotations

import json
import logging
import shlex
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any

from docrerank.evaluation.benchmark import (
    Collection,
    find_origins,
    is_pdf_benchmark,
    read_data_set,
    read_pdf_benchmark,
)
from docrerank.evaluation.find_candidates import TOP, find_candidates, slug
from docrerank.evaluation.find_model import find_model, load_scorer
from docrerank.evaluation.measured import measure, measure_order
from docrerank.evaluation.names import BASELINES
from docrerank.evaluation.page_by_page import ByPage
from docrerank.evaluation.results_table import ResultsTable, build_table
from docrerank.evaluation.statistics import RESAMPLES
from docrerank.evaluation.systems import System, ignore, open_baseline
from docrerank.evaluation.table_forms import build_dict, render, render_summary
from docrerank.recipe import load_recipe
from docrerank.records import UserError
from docrerank.runs import Progress, Run, write_text

logger = logging.getLogger(__name__)
NOTES = (
    "Every system reorders the same candidates.",
    "Times (JSON): the median; a model's pages are each read once, and their queries share the time.",
)


@dataclass(frozen=True, slots=True)
class Settings:
    """How models are evaluated.

    Attributes:
        out: the folder of candidates, results and tables.
        first_stage: see `find_candidates`; None: the data set's candidates, else BM25.
        top: candidates of a question.
        data: holds local copies of the hub's data sets.
        levels: rephrase levels to ask, of a data set that has them; empty: all.
        with_text: give vision models the page's text beside its image.
        trust_code: run the code in a model's repository where it needs it.
        pixels: of a page at most, for vision models; None: each model's own.
        prompt: of vision models, by name; None: each model's own.
        seed: of every resampling and of `random`.
        resamples: of the bootstrap.
    """

    out: Path
    first_stage: str | None = None
    top: int = TOP
    data: Path = Path("datasets")
    levels: tuple[int, ...] = ()
    with_text: bool = False
    trust_code: bool = False
    pixels: int | None = None
    prompt: str | None = None
    seed: int = 0
    resamples: int = RESAMPLES


def evaluate_models(
    models: Sequence[str], benchmark: str, settings: Settings, progress: Progress = ignore
) -> list[ResultsTable]:
    """Measure models on a benchmark, beside the order of the first stage.

    Args:
        models: run folders, model folders, hub names, `minilm`, or the baselines `bm25`, `random`, `oracle`.
        benchmark: a folder of PDFs with questions, a data set in BEIR form (a folder or a hub name), or a task or
            benchmark of mteb.
        settings: how.
        progress: called with (steps done, steps in all) of the step that runs.

    Returns:
        one table for each task and rephrase level; each is also in `settings.out` as text and JSON.

    Raises:
        UserError: an unknown benchmark or model, or data that cannot be had.

    Examples:
        >>> evaluate_models(["minilm"], "samples/benchmark", Settings(Path("out")))[0].queries  # doctest: +SKIP
        84
    """
    if not models:
        raise UserError("no model to evaluate: name a run, a model's folder, or a baseline such as bm25")
    tables = []
    for collection in open_collections(benchmark, settings):
        for table in _compare(models, collection, settings, progress):
            _write_table(table, settings.out)
            tables.append(table)
    if len(tables) > 1:
        write_text(
            settings.out / "summary.json", json.dumps(build_summary(tables), indent=1, ensure_ascii=False) + "\n"
        )
        write_text(settings.out / "summary.txt", render_summary(build_summary(tables)))
    return tables


def open_collections(benchmark: str, settings: Settings) -> list[Collection]:
    """The benchmarks that a name stands for.

    Private data sets of mteb that cannot be had are left out with a warning, if others are left.
    """
    path = Path(benchmark)
    if is_pdf_benchmark(path):
        settings.out.mkdir(parents=True, exist_ok=True)
        return [read_pdf_benchmark(path, Run.create(settings.out / "pages", load_recipe("cpu")))[0]]
    found, origins = [], find_origins(benchmark)
    for origin in origins:
        try:
            found.append(read_data_set(origin, settings.data, settings.out / "pages", settings.levels))
        except UserError:
            if origin.public or len(origins) == 1:
                raise
            logger.warning("%s is left out: its data set is private and not here", origin.name)
    if not found:
        raise UserError("every task is private and none of their data sets is here")
    return found


def open_system(name: str, collection: Collection, settings: Settings) -> System:
    """A system by what a user names it: a baseline, or anything that `find_model` knows."""
    if name in BASELINES:
        return open_baseline(name, collection, settings.seed)
    model = find_model(name)
    reading = {key: value for key in ("pixels", "prompt") if (value := getattr(settings, key)) is not None}
    return ByPage(model, load_scorer(model, settings.with_text, settings.trust_code, **reading), collection)


def _compare(
    models: Sequence[str], collection: Collection, settings: Settings, progress: Progress
) -> Iterator[ResultsTable]:
    """One table for each rephrase level; a page is read once for the questions of all levels."""
    found = find_candidates(collection, settings.out, settings.first_stage, settings.top, progress)
    measured = [measure_order(found)]
    for name in dict.fromkeys(models):
        measured.append(measure(open_system(name, collection, settings), collection, found, settings.out, progress))
    for part in collection.split_levels():
        asked = [query.id for query in part.queries]
        kept = replace(found, pages={query: found.pages[query] for query in asked})
        yield build_table(
            part,
            kept,
            [each.keep(asked) for each in measured],
            every_pair=True,
            notes=NOTES,
            seed=settings.seed,
            resamples=settings.resamples,
        )


def _write_table(table: ResultsTable, out: Path) -> None:
    """Write a table's files: `<name>.txt` and `.json`."""
    name = slug(table.name)
    content = {"command": shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]), **build_dict(table)}
    write_text(out / f"{name}.json", json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    write_text(out / f"{name}.txt", render(table))


def build_summary(tables: Sequence[ResultsTable]) -> dict[str, Any]:
    """Each task's headline values by system, and the unweighted mean over the tasks that a system was measured on."""
    tasks = {
        table.name: {
            # Candidates come from several first stages: their own order is one column.
            ("first stage" if each.name.startswith("first stage: ") else each.name): each.means[table.headline].value
            for each in table.systems
        }
        for table in tables
    }
    systems = dict.fromkeys(name for scores in tasks.values() for name in scores)
    return {
        "headlines": {table.name: table.headline for table in tables},
        "tasks": tasks,
        "means": {name: fmean(scores[name] for scores in tasks.values() if name in scores) for name in systems},
    }
