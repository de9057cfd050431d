"""Evaluate models on a benchmark by its name: every form of benchmark, one folder of results."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from docrerank.benchmark import Collection, Source, find_levels, is_pdf_benchmark, read_beir, read_pdf_benchmark
from docrerank.evaluation.suite.board import Board, build_board
from docrerank.evaluation.suite.candidates import TOP, find_candidates, slug
from docrerank.evaluation.suite.measure import Measured, measure, measure_order
from docrerank.evaluation.suite.plot import draw_board
from docrerank.evaluation.suite.rendering import build_dict, render
from docrerank.evaluation.suite.summary import build_summary, render_summary
from docrerank.evaluation.suite.systems import BASELINES, open_system
from docrerank.recipe import load_recipe
from docrerank.records import UserError
from docrerank.runs import Run, write_text
from docrerank.statistics import RESAMPLES

Progress = Callable[[str, int, int], None]


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


def evaluate_models(
    models: Sequence[str],
    benchmark: str,
    settings: Settings,
    progress: Progress = lambda name, done, total: None,
) -> list[Board]:
    """Measure models on a benchmark, beside the order of the first stage.

    Args:
        models: run folders, model folders, hub names, `minilm`, or the baselines `bm25`, `random`, `oracle`.
        benchmark: a folder of PDFs with questions, or a data set in BEIR form (a folder or a hub name).
        settings: how.
        progress: called with (what is done, steps done, steps in all).

    Returns:
        one board for each task and rephrase level; each is also in `settings.out` as text, Markdown, JSON, CSV, SVG.

    Raises:
        UserError: an unknown benchmark or model, or data that is not at hand.

    Example:
        >>> evaluate_models(["minilm"], "samples/benchmark", Settings(Path("out")))[0].queries  # doctest: +SKIP
        84
    """
    if not models:
        raise UserError("no model to evaluate: name a run, a model's folder, or a baseline such as bm25")
    collections = open_collections(benchmark, settings)
    return write_summary([evaluate_collection(models, each, settings, progress) for each in collections], settings.out)


def open_collections(benchmark: str, settings: Settings) -> list[Collection]:
    """A folder or a data set as collections, one for each rephrase level that it has and that is asked for."""
    path = Path(benchmark)
    if is_pdf_benchmark(path):
        settings.out.mkdir(parents=True, exist_ok=True)
        return [read_pdf_benchmark(path, Run.create(settings.out / "pages", load_recipe("cpu")))]
    source = Source(benchmark, settings.data, settings.split)
    levels = [level for level in find_levels(source) if not settings.levels or level in settings.levels]
    pages = settings.out / "pages"
    return [read_beir(source, pages, level) for level in levels] if levels else [read_beir(source, pages)]


def evaluate_collection(
    models: Sequence[str],
    collection: Collection,
    settings: Settings,
    progress: Progress = lambda name, done, total: None,
) -> Board:
    """Measure models on one collection and write its board; see `evaluate_models`."""
    found = find_candidates(
        collection, settings.out, settings.first_stage, settings.top, lambda a, b: progress("candidates", a, b)
    )
    measured: list[Measured] = [measure_order(found)]
    for name in dict.fromkeys(models):
        system = open_system(name, collection, settings.seed, settings.with_text, settings.trust_code)
        measured.append(
            measure(collection, system, found, settings.out, lambda a, b, name=name: progress(name, a, b))  # type: ignore[misc]
        )
    board = build_board(collection, found, measured, settings.seed, settings.resamples)
    write_board(board, settings.out)
    return board


def write_board(board: Board, out: Path) -> None:
    """Write a board's files: `<name>.txt`, `.md`, `.json`, `.csv` and `.svg`."""
    name = slug(board.name)
    content = {"command": shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]), **build_dict(board)}
    write_text(out / f"{name}.json", json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    write_text(out / f"{name}.txt", render(board))
    write_text(out / f"{name}.md", render(board, "markdown"))
    write_text(out / f"{name}.csv", render(board, "csv"))
    write_text(out / f"{name}.svg", draw_board(board))


def write_summary(boards: list[Board], out: Path) -> list[Board]:
    """Write `summary.json` and `summary.txt` of several boards, and give the boards back."""
    if len(boards) > 1:
        write_text(out / "summary.json", json.dumps(build_summary(boards), indent=1, ensure_ascii=False) + "\n")
        write_text(out / "summary.txt", render_summary(boards))
    return boards


def is_baseline(name: str) -> bool:
    """Whether a word names a system without a model."""
    return name in BASELINES
