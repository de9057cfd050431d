"""The folders of an ablation: what arms share is there once, what they change is each one's own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from docrerank.evaluation.ablation.arms import OWN, Arm, Variant
from docrerank.evaluation.ablation.mixture import mix
from docrerank.generation import generate
from docrerank.recipe import Recipe, Role, load_recipe
from docrerank.records import UserError
from docrerank.retrieval import ENCODINGS, STARTS, load_start, window_settings
from docrerank.runs import Progress, Run

DATA = ("queries", "verdicts", "mined")
BENCHMARK = "benchmark"

Say = Callable[[str], None]


def open_variant(source: Run, out: Path, variant: Variant, named: bool, progress: Progress, say: Say) -> Run:
    """The run's positives, rephrasings and mined pages with the hard negatives of a variant, which are made here.

    Args:
        source: the run whose pages, and whose recipe but for the variant, are used.
        out: the ablation's folder.
        variant: which hard negatives.
        named: whether the arm was asked for by name: only then are models' endpoints called.
        progress: of the stages.
        say: told how many positives have them.

    Raises:
        UserError: the hard negatives cannot be made.
    """
    if variant == OWN:
        return source
    run = Run.create(out / "data" / variant.name, load_recipe(source.path / "recipe.yaml", list(variant.overrides)))
    if run.recipe == source.recipe:
        raise UserError(f"the run's own hard negatives are made with {', '.join(variant.overrides)} already")
    made = _generate(source, run.path / "made", variant, named, progress)
    link(source.path / "pages", run.path / "pages")
    link(source.path / "mined", run.path / "mined")
    count = mix(source, made, run, variant.share)
    positives = sum(kind == "positive" for kind in source.queries.column("kind"))
    say(f"{variant.name}: {count} of {positives} positives have hard negatives of this kind")
    if not count:
        raise UserError(f"no hard negative could be written with {', '.join(variant.overrides)}")
    return run


def _generate(source: Run, folder: Path, variant: Variant, named: bool, progress: Progress) -> Run:
    if (source.path / "imported").exists():
        raise UserError("the run's queries were imported, others like them cannot be made")
    if not named and _uses_models(source):
        raise UserError("it would call the run's endpoints again: give its name to --arms if that is meant")
    run = Run.create(folder, load_recipe(source.path / "recipe.yaml", list(variant.overrides)))
    for name in ("pages", "requests.sqlite"):
        link(source.path / name, run.path / name)
    generate(run, progress)
    return run


def open_arm(data: Run, out: Path, arm: Arm, groups: int, seed: int) -> Run:
    """The run folder of one arm and seed; encodings and pages of the benchmark are kept once for all."""
    folder = out / "arms" / f"{arm.name}-{seed}"
    run = Run.create(folder, load_arm(data, arm, groups, seed))
    for name in ("pages", *DATA):
        link(data.path / name, folder / name)
    for name in (ENCODINGS, BENCHMARK):
        link(out / name, folder / name)
    return run


def load_arm(data: Run, arm: Arm, groups: int, seed: int) -> Recipe:
    """The recipe of one arm and seed; of a trained adapter only the adapter is kept, the base is there once."""
    saved = ["vision.save=adapter"] if data.recipe.train.base not in STARTS and data.recipe.vision.lora_rank else []
    return load_recipe(data.path / "recipe.yaml", [*arm.overrides(groups, seed), *saved])


def seed_shared(source: Run, out: Path) -> None:
    """Start from what the run has read and encoded of its pages and of benchmarks: by second names, not by copies."""
    kept = [f"{ENCODINGS}/{name}" for name in _find_kept(source)]
    for name in kept:
        _link_files(source.path / name, out / name)
    (out / BENCHMARK).mkdir(parents=True, exist_ok=True)
    for folder in (source.path / BENCHMARK).glob("*/"):
        for name in ("pages", "rejected", *kept):
            _link_files(folder / name, out / BENCHMARK / folder.name / name)


def drop_encodings(out: Path, run: Run) -> None:
    """Forget the pages as trained models see them: the next arm has others, and together they fill a disk."""
    kept = _find_kept(run)
    for folder in (*out.glob(f"{ENCODINGS}/*"), *out.glob(f"{BENCHMARK}/*/{ENCODINGS}/*")):
        if folder.name not in kept:
            shutil.rmtree(folder, ignore_errors=True)


def link(source: Path, target: Path) -> None:
    """Let `target` stand for `source`, if that is there."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.exists() and not target.is_symlink():
        target.symlink_to(source.resolve(), target_is_directory=source.is_dir())


def _find_kept(run: Run) -> set[str]:
    """The encodings that no arm changes: those of the shipped text models."""
    return {load_start(name, window_settings(run)).fingerprint for name in STARTS}


def _link_files(source: Path, target: Path) -> None:
    """Give the files of a folder second names in another, where it has none: files are replaced, never changed."""
    target.mkdir(parents=True, exist_ok=True)
    for file in source.rglob("*"):
        own = target / file.relative_to(source)
        if file.is_file() and not file.name.startswith(".") and not own.exists():
            own.parent.mkdir(parents=True, exist_ok=True)
            _link_file(file, own)


def _link_file(file: Path, own: Path) -> None:
    try:
        os.link(file, own)
    except OSError:  # another disk, or a file system without second names
        partial = own.with_name(f".{own.name}.tmp")
        shutil.copyfile(file, partial)
        partial.replace(own)


def _uses_models(run: Run) -> bool:
    values = (getattr(run.recipe.generate, name) for name in type(run.recipe.generate).model_fields)
    return any(isinstance(value, Role) and value.by != "rules" for value in values)
