"""The folders of an ablation: what arms share is there once, what they change is each one's own."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from docrerank.ablation.arms import OWN, Arm, Variant
from docrerank.encoding import ENCODINGS, load_untrained, window_settings
from docrerank.generation import generate
from docrerank.mining import mine
from docrerank.recipe import Role, load_recipe
from docrerank.records import UserError
from docrerank.runs import Run

DATA = ("queries", "verdicts", "mined", "rejected")
SHARED = (ENCODINGS, "benchmark")

Progress = Callable[[int, int], None]


def open_variant(source: Run, out: Path, variant: Variant, named: bool, progress: Progress) -> Run:
    """The queries and mined pages of a variant; those that are not the run's own are made here.

    Args:
        source: the run whose pages, and whose recipe but for the variant, are used.
        out: the ablation's folder.
        variant: which queries.
        named: whether the arm was asked for by name: only then are models' endpoints called.
        progress: of the stages.

    Raises:
        UserError: the queries cannot be made.
    """
    if variant == OWN:
        return source
    if (source.path / "imported").exists():
        raise UserError("the run's queries were imported, others like them cannot be made")
    if not named and _uses_models(source):
        raise UserError("it would call the run's endpoints again: give its name to --arms if that is meant")
    run = Run.create(out / "data" / variant.name, load_recipe(source.path / "recipe.yaml", list(variant.overrides)))
    for name in ("pages", "requests.sqlite"):
        link(source.path / name, run.path / name)
    share(out, run.path)
    generate(run, progress)
    mine(run, progress)
    return run


def open_arm(data: Run, out: Path, arm: Arm, groups: int, seed: int) -> Run:
    """The run folder of one arm and seed."""
    folder = out / "arms" / f"{arm.name}-{seed}"
    run = Run.create(folder, load_recipe(data.path / "recipe.yaml", arm.overrides(groups, seed)))
    for name in ("pages", *DATA):
        link(data.path / name, folder / name)
    share(out, folder)
    return run


def share(out: Path, folder: Path) -> None:
    """Encodings and pages of the benchmark are kept once for all arms."""
    for name in SHARED:
        (out / name).mkdir(parents=True, exist_ok=True)
        link(out / name, folder / name)


def drop_encodings(out: Path, run: Run) -> None:
    """Forget the pages as trained models see them: the next arm has others, and together they fill a disk."""
    kept = load_untrained(window_settings(run)).fingerprint
    for folder in (*out.glob(f"{ENCODINGS}/*"), *out.glob(f"benchmark/*/{ENCODINGS}/*")):
        if folder.name != kept:
            shutil.rmtree(folder, ignore_errors=True)


def link(source: Path, target: Path) -> None:
    """Let `target` stand for `source`, if that is there."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.exists() and not target.is_symlink():
        target.symlink_to(source.resolve(), target_is_directory=source.is_dir())


def _uses_models(run: Run) -> bool:
    values = (getattr(run.recipe.generate, name) for name in type(run.recipe.generate).model_fields)
    return any(isinstance(value, Role) and value.by != "rules" for value in values)
