"""The ablation: every arm is trained with every seed at one size and measured on one benchmark."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from docrerank.evaluation import evaluate
from docrerank.evaluation.ablation.arms import Arm
from docrerank.evaluation.ablation.folders import drop_encodings, load_arm, open_arm, open_variant, seed_shared
from docrerank.evaluation.ablation.learned import build_arm
from docrerank.evaluation.ablation.measures import Measures, measure, read_measures
from docrerank.evaluation.ablation.summary import Ablation, Skipped, summarise
from docrerank.evaluation.ablation.untrained import put_untrained
from docrerank.records import UserError
from docrerank.runs import Progress, Run, write_text
from docrerank.training import train

FILE = "ablation.json"
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
    with Run(out, run.recipe).locked():
        seed_shared(run, out)
        data, sizes, skipped = _open_data(run, arms, out, groups, seeds, named, progress, say)
        size = _find_size(sizes, groups, say)
        measured: dict[str, list[Measures]] = {}
        for seed in range(1, seeds + 1):
            for arm in data:
                found = _finish_arm(open_arm(data[arm], out, arm, size, seed), run, benchmark, arm, out, progress)
                measured.setdefault(arm.name, []).append(found)
                say(f"{arm.name}, seed {seed}: {found.describe()}")
        counterparts = {arm.name: arm.against for arm in arms if arm.against}
        result = summarise(measured, size, skipped, benchmark.resolve().name, run.recipe.seed, counterparts)
        content = {"command": shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]), **result.to_dict()}
        write_text(out / FILE, json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    return result


def _open_data(
    run: Run, arms: Sequence[Arm], out: Path, groups: int, seeds: int, named: bool, progress: Progress, say: Say
) -> tuple[dict[Arm, Run], dict[str, int], list[Skipped]]:
    """The queries of every arm and its groups with the poorest seed; an arm that cannot be made is left out."""
    data: dict[Arm, Run] = {}
    sizes: dict[str, int] = {}
    skipped: list[Skipped] = []
    for arm in arms:
        try:
            found = open_variant(run, out, arm.variant, named, progress, say)
            if arm.trained:
                sizes[arm.name] = _measure_size(found, arm, groups, seeds)
            data[arm] = found
        except UserError as error:
            if arm in arms[:2]:
                raise
            skipped.append(Skipped(arm.name, str(error)))
            say(f"{arm.name}: skipped, {error}")
    return data, sizes, skipped


def _measure_size(data: Run, arm: Arm, groups: int, seeds: int) -> int:
    """Training groups that an arm has with every seed.

    Raises:
        UserError: none, or none of what makes the arm.
    """
    if arm.rephrased_share and "rephrased" not in data.queries.column("kind"):
        raise UserError("the run has no rephrased queries")
    made = (len(build_arm(Run(data.path, load_arm(data, arm, groups, seed)))) for seed in range(1, seeds + 1))
    if not (least := min(made)):
        raise UserError(f"{data.path} has no training group of its kind on the pages that one of the seeds trains on")
    return least


def _find_size(sizes: Mapping[str, int], groups: int, say: Say) -> int:
    """As many groups as every arm has."""
    poorest = min(sizes, key=lambda name: sizes[name])
    if sizes[poorest] < groups:
        say(f"{sizes[poorest]} groups for every arm, not {groups}: '{poorest}' has no more")
    return sizes[poorest]


def _finish_arm(run: Run, source: Run, benchmark: Path, arm: Arm, out: Path, progress: Progress) -> Measures:
    """Train, evaluate and probe one arm, or read what was measured before."""
    with run.locked():
        if arm.trained:
            train(run, progress)
        else:
            put_untrained(run, out)
        if (known := read_measures(run, benchmark)) is not None:
            return known
        evaluate(run, benchmark, progress)
        found = measure(run, source, arm, benchmark)
        drop_encodings(out, run)
    return found
