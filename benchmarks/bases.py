"""What each base gains from a run's groups, and from the fusion as its teacher.

    python -m benchmarks.bases RUN BENCHMARK --out OUT [--bases docrerank-mini FOLDER ...] [--groups 600]

RUN has pages, queries and mined pages, and is only read. Every base is measured untrained, trained on RUN's groups,
and trained on them with the fusion of its own views as teacher, on the questions of BENCHMARK (a folder of PDFs). All
reorder the same 20 candidates, so that a difference is the model's. `docrerank evaluate` writes OUT/results with
intervals over documents; OUT/trainings.json has seconds and memory of each training. A repeated call resumes.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from docrerank.recipe import load_recipe
from docrerank.runs import Run

ARMS = {"trained": 0.0, "taught": 1.0}
SHARED = ("pages", "queries", "verdicts", "mined", "repeats")


def open_arm(source: Run, out: Path, base: str, arm: str, overrides: list[str]) -> Run:
    """A run with the source's data and a model of its own."""
    name = base if not Path(base).is_dir() else Path(base).name
    folder = out / f"{name}-{arm}"
    settings = [f"train.base={base}", f"train.teacher_weight={ARMS[arm]}", *overrides]
    run = Run.create(folder, load_recipe(source.path / "recipe.yaml", settings))
    for part in SHARED:
        if (source.path / part).is_dir() and not (folder / part).exists():
            (folder / part).symlink_to((source.path / part).resolve(), target_is_directory=True)
    return run


def train_arm(run: Run, arm: str) -> dict[str, Any]:
    """Label and train in processes of their own; what it took."""
    started, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    if arm == "taught":
        call("label", str(run.path), "--teacher", "fusion")
    call("train", str(run.path))
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    counts = run.manifest.read()["stages"]["train"]
    kept = ("groups", "steps", "kept", "dev_ndcg_untrained", "dev_ndcg", "dev_accuracy_untrained", "dev_accuracy")
    return {
        **{key: counts[key] for key in kept},
        "cpu_seconds": round(usage.ru_utime - before, 1),
        "seconds": round(time.monotonic() - started, 1),
        "megabytes": usage.ru_maxrss // 1024,
    }


def call(*words: str) -> None:
    """Run a verb of the command line; its lines go where ours go."""
    subprocess.run([sys.executable, "-m", "docrerank.cli", *words], check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("benchmark", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--bases", nargs="+", default=["docrerank-mini"])
    parser.add_argument("--groups", type=int, default=600)
    parser.add_argument("--set", nargs="*", default=[], help="further recipe keys")
    options = parser.parse_args()
    source, file = Run.open(options.run), options.out / "trainings.json"
    options.out.mkdir(parents=True, exist_ok=True)
    done: dict[str, Any] = json.loads(file.read_text("utf-8")) if file.is_file() else {}
    models = []
    for base in options.bases:
        models.append(base)
        for arm in ARMS:
            run = open_arm(source, options.out, base, arm, [f"train.groups={options.groups}", *options.set])
            if run.path.name not in done:
                done[run.path.name] = train_arm(run, arm)
                file.write_text(json.dumps(done, indent=2) + "\n", "utf-8")
                shutil.rmtree(run.path / "encodings", ignore_errors=True)
            models.append(str(run.path))
    call("evaluate", *models, "-b", str(options.benchmark), "--top", "20", "--out", str(options.out / "results"))
    print(json.dumps(done, indent=2))


if __name__ == "__main__":
    main()
