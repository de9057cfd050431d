"""The ablation: every arm is trained with every seed at one size and measured on one benchmark."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from docrerank.ablation.arms import Arm
from docrerank.ablation.folders import drop_encodings, open_arm, open_variant
from docrerank.ablation.measures import Measures, measure, read_measures
from docrerank.ablation.summary import Ablation, Skipped, summarise
from docrerank.ablation.untrained import put_untrained
from docrerank.evaluation import evaluate
from docrerank.recipe import load_recipe
from docrerank.records import UserError
from docrerank.runs import Run, split_pages, write_text
from docrerank.training import build_groups, train

FILE = "ablation.json"
Progress = Callable[[int, int], None]
Say = Callable[[str], None]


def ablate(
    run: Run,
    benchmark: Path,
    arms: Sequence[Arm],
    out: Path,
    *,
    groups: int,
    seeds: int,
    named: bool = False,
    say: Say = lambda text: None,
    progress: Progress = lambda done, total: None,
) -> Ablation:
    """Train and measure every arm; what is done already is not done again, and a killed training goes on.

    Args:
        run: ingested, generated and mined; it stays as it is.
        benchmark: a folder with `corpus/`, `queries.jsonl` and `qrels/test.tsv`.
        arms: of `find_arms`; the first is untrained, the second the control.
        out: a folder for everything that comes of it.
        groups: training groups of every arm at most: all get as many as the poorest arm has.
        seeds: 1 to this; a seed decides the split, the groups and their order, the same for all arms.
        named: whether the arms were asked for by name, not as a preset.
        say: told of every arm that is done or skipped, in a line.
        progress: called with (done, total) of the stage that runs.

    Raises:
        UserError: the control cannot be trained, or the benchmark is malformed.

    Example:
        >>> found = ablate(Run.open("RUN"), Path("benchmark"), find_arms("paper"), Path("OUT"), groups=400, seeds=3)
        ... # doctest: +SKIP
        >>> found.arms[1].name, found.arms[1].alone.mean  # doctest: +SKIP
        ('mined', 0.63)
    """
    data, skipped = _open_data(run, arms, out, named, progress, say)
    size = _find_size(data, groups, seeds)
    measured: dict[str, list[Measures]] = {}
    for seed in range(1, seeds + 1):
        for arm in (arm for arm in arms if arm in data):
            own = open_arm(data[arm], out, arm, size, seed)
            found = _finish_arm(own, run, benchmark, arm, out, progress)
            measured.setdefault(arm.name, []).append(found)
            say(f"{arm.name}, seed {seed}: {found.describe()}")
    result = summarise(measured, size, skipped, benchmark.resolve().name, run.recipe.seed)
    write_text(out / FILE, json.dumps(result.to_dict(), indent=1, ensure_ascii=False) + "\n")
    return result


def _open_data(
    run: Run, arms: Sequence[Arm], out: Path, named: bool, progress: Progress, say: Say
) -> tuple[dict[Arm, Run], list[Skipped]]:
    """The queries of every arm; one whose queries cannot be made is left out with the reason."""
    data: dict[Arm, Run] = {}
    skipped: list[Skipped] = []
    for arm in arms:
        try:
            found = open_variant(run, out, arm.variant, named, progress)
            if arm.trained and not _count(found, arm, 1, 1):
                raise UserError("its queries give no training group")
            data[arm] = found
        except UserError as error:
            if arm in arms[:2]:
                raise
            skipped.append(Skipped(arm.name, str(error)))
            say(f"{arm.name}: skipped, {error}")
    return data, skipped


def _find_size(data: dict[Arm, Run], groups: int, seeds: int) -> int:
    """As many groups as every arm has with every seed."""
    trained = [arm for arm in data if arm.trained]
    return min(_count(data[arm], arm, groups, seed) for arm in trained for seed in range(1, seeds + 1))


def _count(run: Run, arm: Arm, groups: int, seed: int) -> int:
    recipe = load_recipe(run.path / "recipe.yaml", arm.overrides(groups, seed))
    split = split_pages(run.pages.read(), recipe.train.dev_share, seed)
    return len(build_groups(run.queries.read(), run.mined.read(), split.train, recipe.train, seed))


def _finish_arm(run: Run, source: Run, benchmark: Path, arm: Arm, out: Path, progress: Progress) -> Measures:
    """Train, evaluate and probe one arm, or read what was measured before."""
    with run.locked():
        if arm.trained:
            train(run, progress)
        else:
            put_untrained(run)
        if (known := read_measures(run, benchmark)) is not None:
            return known
        evaluate(run, benchmark, progress)
        found = measure(run, source, arm, benchmark)
        drop_encodings(out, run)
    return found
