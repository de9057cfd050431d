"""The ablation: every arm is a run folder that shares the run's pages, trained and evaluated as any run is."""

from __future__ import annotations

import json
import shlex
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import fmean

from docrerank.evaluation import evaluate, read_evaluation, slug
from docrerank.evaluation.ablation.arms import CONTROL, Arm
from docrerank.evaluation.ablation.compare import TRAINED, Ablation, Measures, compare, read_measures
from docrerank.generation import generate
from docrerank.mining import mine
from docrerank.recipe import Role, load_recipe
from docrerank.records import UserError
from docrerank.retrieval import ENCODINGS, STARTS, UNTRAINED, load_start, window_settings
from docrerank.runs import Progress, Run, split_run, write_text
from docrerank.training import build_groups, read_families, train

FILE = "ablation.json"
#: What arms read of the run, and what they share among each other, so that it is made once.
READ, SHARED = ("pages", "queries", "verdicts", "mined"), (ENCODINGS, "benchmark", "evaluation")

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
    """Train and evaluate every arm with every seed; stages that are done are not done again.

    Args:
        run: ingested, generated and mined; it stays as it is.
        benchmark: a folder with `corpus/`, `queries.jsonl` and `qrels/test.tsv`.
        arms: of `find_arms`.
        out: a folder for everything that comes of it.
        groups: training groups of every arm at most: all get as many as the poorest arm has.
        seeds: 1 to this; a seed decides the split, the groups and their order, the same for all arms.
        named: whether the arms were asked for by name: only then may new queries cost calls of models.
        say: called with a line for every arm that is done or skipped.
        progress: called with (done, total) of the stage that runs.

    Raises:
        UserError: the control cannot be trained, or the benchmark is malformed.
    """
    with Run(out, run.recipe).locked():
        for name in SHARED:
            (out / name).mkdir(parents=True, exist_ok=True)
        data, sizes, skipped = dict[Arm, Run](), dict[str, int](), dict[str, str]()
        for arm in arms:
            try:
                data[arm] = _open_data(run, arm, out, named, progress)
                sizes[arm.name] = _count_groups(data[arm], arm, out, groups, seeds)
            except UserError as error:
                if arm == CONTROL:
                    raise
                skipped[arm.name] = str(error)
                say(f"{arm.name}: skipped, {error}")
        size = min(sizes.values())
        if size < groups:
            say(f"{size} groups for every arm, not {groups}: '{min(sizes, key=lambda name: sizes[name])}' has no more")
        measured: dict[Arm, list[Measures]] = {arm: [] for arm in arms if arm.name in sizes}
        for seed in range(1, seeds + 1):
            for arm, found in measured.items():
                found.append(_measure(_open_arm(data[arm], arm, out, size, seed), benchmark, out, progress))
                say(f"{arm.name}, seed {seed}: NDCG@5 {fmean(found[-1].ndcg[TRAINED].values()):.4f}")
        result = compare(measured, benchmark.resolve().name, size, skipped, run.recipe.seed)
        content = {"command": shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]), **asdict(result)}
        write_text(out / FILE, json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    return result


def _open_data(run: Run, arm: Arm, out: Path, named: bool, progress: Progress) -> Run:
    """The run itself, or a run over its pages whose queries are generated and mined by the arm's keys."""
    if not arm.queries:
        return run
    recipe = load_recipe(run.path / "recipe.yaml", list(arm.queries))
    if (run.path / "imported").exists():
        raise UserError("the run's queries were imported, others like them cannot be made")
    values = (getattr(recipe.generate, name) for name in type(recipe.generate).model_fields)
    if not named and any(isinstance(value, Role) and value.by != "rules" for value in values):
        raise UserError("it would call the run's endpoints again: give its name to --arms if that is meant")
    data = Run.create(out / "data" / "+".join(key.rpartition(".")[2] for key in arm.queries), recipe)
    _link(run.path, data.path, ("pages", "requests.sqlite"))
    _link(out, data.path, SHARED)
    generate(data, progress)
    mine(data, progress)
    return data


def _open_arm(data: Run, arm: Arm, out: Path, groups: int, seed: int) -> Run:
    """The run folder of one arm and seed; of a trained adapter only the adapter is kept, the base is there once."""
    saved = ["vision.save=adapter"] if data.recipe.train.base not in STARTS and data.recipe.vision.lora_rank else []
    keys = [*arm.training, f"train.groups={groups}", f"seed={seed}", *saved]
    run = Run.create(out / "arms" / f"{slug(arm.name)}-{seed}", load_recipe(data.path / "recipe.yaml", keys))
    _link(data.path, run.path, READ)
    _link(out, run.path, SHARED)
    return run


def _count_groups(data: Run, arm: Arm, out: Path, groups: int, seeds: int) -> int:
    """Count the training groups that an arm has with every seed."""
    if "+rephrased" in arm.name and "rephrased" not in data.queries.column("kind"):
        raise UserError("the run has no rephrased queries")
    counts = []
    for seed in range(1, seeds + 1):
        run = _open_arm(data, arm, out, groups, seed)
        families = read_families(run, split_run(run, run.recipe.train.dev_share).train)
        counts.append(len(build_groups(families, run.recipe.train, seed)))
    if not min(counts):
        raise UserError("it has no training group of its kind on the pages that one of the seeds trains on")
    return min(counts)


def _measure(run: Run, benchmark: Path, out: Path, progress: Progress) -> Measures:
    with run.locked():
        train(run, progress)
        evaluate(run, benchmark, progress)
        _drop_encodings(out, run)
        kept = run.manifest.read()["stages"]["train"].get("kept", "")
        return read_measures(read_evaluation(run), kept == TRAINED)


def _drop_encodings(out: Path, run: Run) -> None:
    """Forget pages as trained models see them: the next arm has others, and together they fill a disk."""
    starts = {UNTRAINED, run.recipe.train.base} & set(STARTS)
    kept = {load_start(name, window_settings(run)).fingerprint for name in starts}
    for folder in (*out.glob(f"{ENCODINGS}/*"), *out.glob(f"benchmark/*/{ENCODINGS}/*")):
        if folder.name not in kept:
            shutil.rmtree(folder, ignore_errors=True)


def _link(source: Path, target: Path, names: Sequence[str]) -> None:
    for name in names:
        if (source / name).exists() and not (target / name).is_symlink():
            (target / name).symlink_to((source / name).resolve())
