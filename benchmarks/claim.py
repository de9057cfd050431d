"""The paper's claim at the embedded size: mined only, generated only, and both, at equal numbers of groups.

Takes a finished run and its benchmark; every arm is trained from the same start on the same pages, queries and mined
pages, once per seed (the seed decides the split, the groups and their order). Prints NDCG@5 of the trained reranker
per arm with the spread over seeds, and paired bootstrap intervals over questions of the differences, seeds averaged.

    python benchmarks/claim.py RUN --benchmark ../shared/benchmarks/mmdoc-dev --groups 800 --seeds 3
"""

from __future__ import annotations

import argparse
import json
import statistics
from pathlib import Path

from docrerank.evaluation import bootstrap_difference, evaluate, read_evaluation
from docrerank.recipe import load_recipe
from docrerank.runs import Run
from docrerank.training import train

ARMS = {"mined only": 1.0, "generated only": 0.0, "both": 0.5}
SHARED = ("pages", "queries", "verdicts", "mined", "rejected")
SYSTEMS = ("trained, every page", "trained, fused, every page")

Scores = dict[str, dict[str, float]]


def main() -> None:
    """Train every arm with every seed, evaluate, and print the comparison."""
    options = _parse()
    scores: dict[str, list[Scores]] = {arm: [] for arm in ARMS}
    for seed in range(1, options.seeds + 1):
        for arm, share in ARMS.items():
            run = _make_arm(options.run, arm, share, seed, options.groups)
            counts = train(run)
            evaluate(run, options.benchmark)
            scores[arm].append(_read_scores(run))
            means = {system: round(statistics.mean(scores[arm][-1][system].values()), 4) for system in SYSTEMS}
            print(json.dumps({"arm": arm, "seed": seed, "kept": counts.get("kept"), **means}), flush=True)
    for system in SYSTEMS:
        _print_system(system, scores)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--benchmark", type=Path, required=True)
    parser.add_argument("--groups", type=int, default=800)
    parser.add_argument("--seeds", type=int, default=3)
    return parser.parse_args()


def _make_arm(source: Path, arm: str, share: float, seed: int, groups: int) -> Run:
    """A run folder of its own that shares everything before training with the source."""
    folder = source / "arms" / f"{arm.replace(' ', '-')}-{seed}"
    overrides = [f"seed={seed}", f"train.mined_share={share}", f"train.groups={groups}"]
    run = Run.create(folder, load_recipe(source / "recipe.yaml", overrides))
    for name in SHARED:
        if not (folder / name).exists():
            (folder / name).symlink_to((source / name).resolve(), target_is_directory=True)
    return run


def _read_scores(run: Run) -> Scores:
    """NDCG@5 per question of each trained system."""
    found: Scores = {system: {} for system in SYSTEMS}
    for query in read_evaluation(run)["queries"]:
        for system in SYSTEMS:
            if metrics := query["systems"][system].get("metrics"):
                found[system][query["id"]] = metrics["NDCG@5"]
    return found


def _print_system(system: str, scores: dict[str, list[Scores]]) -> None:
    print(f"\n{system}: NDCG@5, mean over seeds (lowest to highest)")
    averaged: dict[str, dict[str, float]] = {}
    for arm, seeds in scores.items():
        means = [statistics.mean(each[system].values()) for each in seeds]
        averaged[arm] = {query: statistics.mean(each[system][query] for each in seeds) for query in seeds[0][system]}
        print(f"  {arm:15s} {statistics.mean(means):.3f} ({min(means):.3f} to {max(means):.3f})")
    for arm in ("generated only", "both"):
        queries = sorted(averaged[arm])
        ours, theirs = ([averaged[name][query] for query in queries] for name in (arm, "mined only"))
        change = bootstrap_difference(ours, theirs, seed=0)
        print(f"  {arm} - mined only: {change.value:+.3f} [{change.low:+.3f}, {change.high:+.3f}]")


if __name__ == "__main__":
    main()
