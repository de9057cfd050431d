"""`docrerank import` and `docrerank train`: published training sets into a run, and a reranker from it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from docrerank.cli.options import (
    Base,
    Json,
    Out,
    Overrides,
    RecipeName,
    RunFolder,
    argument,
    choose,
    is_main_process,
    open_run,
)
from docrerank.cli.output import say
from docrerank.cli.stages import do_stage, say_left_out, work
from docrerank.recipe import load_recipe
from docrerank.records import UserError
from docrerank.runs import Run
from docrerank.vision import is_vision_model

SHARE = "train.mined_share"
OCR = ("auto", "never", "always")

Datasets = Annotated[
    list[str],
    argument(
        "SET...",
        "Folders of parquet files, parquet files, hub names, or ColHNQue, FinHNQue, RephColHNQue, ColPali; a mined "
        "set (ColPaliMined) after the set that has its pages.",
    ),
]
Shares = Annotated[
    list[float] | None,
    typer.Option("--share", min=0.0, max=1.0, help="Of a set's documents that are taken; once for each set."),
]
Pixels = Annotated[int, typer.Option("--pixels", min=1, help="Images with more pixels are scaled down to this many.")]
Ocr = Annotated[str, typer.Option("--ocr", help="auto (if a text model needs it), never or always.")]


def import_set(
    sets: Datasets,
    out: Out,
    share: Shares = None,
    recipe: RecipeName = "cpu",
    set_: Overrides = None,
    pixels: Pixels = 4_000_000,
    ocr: Ocr = OCR[0],
    json: Json = False,
) -> None:
    """Read published training sets (the released schema) into a run, beside those that it has already."""
    if len(shares := share or [1.0] * len(sets)) != len(sets):
        raise UserError(f"--share stands once for each set: {len(sets)} sets, {len(shares)} shares")
    if ocr not in OCR:
        raise UserError(f"no OCR '{ocr}': --ocr is auto, never or always")
    run = _create_run(sets, out, recipe, set_)
    todo = list(zip(sets, shares, strict=True))
    do_stage(run, lambda run: [_import(run, dataset, pixels, ocr, part) for dataset, part in todo][-1], json)


def train_run(run: RunFolder, base: Base = "", set_: Overrides = None, json: Json = False) -> None:
    """Train the reranker on mined and generated groups; it ends in RUN/model.

    A vision-language `train.base` trains on several GPUs under torchrun: torchrun -m docrerank.cli train RUN.
    """
    from docrerank.training import train

    opened = open_run(run, choose(base, given=set_))
    if not is_main_process():
        train(opened)  # the first process holds the lock and speaks
        return
    do_stage(opened, lambda run: work(run, "train", train), json)


def _create_run(sets: list[str], out: Path, name: str, overrides: list[str] | None) -> Run:
    """A run for published sets: it has no mined pages, so that only generated groups train unless they are mined."""
    from docrerank.datasets import find_published

    kinds = [find_published(dataset).is_mined for dataset in sets]  # a mistake in a name leaves no run folder behind
    chosen = overrides or []
    recipe = load_recipe(name, chosen)
    asked = any(one.startswith(f"{SHARE}=") for one in chosen)
    if recipe.train.mined_share and not asked and not any(kinds) and not Run(out, recipe).mined.names():
        recipe = load_recipe(name, [*chosen, f"{SHARE}=0"])
        text = " with text (import them with --ocr always)" if is_vision_model(recipe.train.base) else ""
        say(
            f"a published set has no mined pages: {SHARE}=0, generated groups only; for both kinds, over pages{text}: "
            f"docrerank mine {out}, then docrerank train {out} --set {SHARE}=0.5"
        )
    return Run.create(out, recipe)


def _import(run: Run, dataset: str, pixels: int, ocr: str, share: float) -> dict[str, Any]:
    from docrerank.datasets import ImportOptions, import_dataset

    options = ImportOptions(pixels, ocr, share)  # type: ignore[arg-type]
    counts = work(run, "import", lambda run, show: import_dataset(run, dataset, options, show))
    say_left_out(run, "import", lambda row: f"{row.page_id or row.subject} ({row.subject})")
    if bare := counts["positives_without_negatives"]:
        say(f"{bare} positives have no hard negatives; docrerank generate {run.path} goes on from them")
    return counts
