"""Does a trained reranker help on documents that it was not trained on?

    python benchmarks/held_out.py BENCHMARK [--out held-out] [--groups 1600]

The documents of a benchmark (a folder of PDFs with queries.jsonl and qrels/test.tsv) are cut into two halves by name.
Each half is a run, measured on the questions about its own documents and on those about the other half. Together the
two runs answer every question twice: once by a model that has seen the documents' pages (never the questions), and
once by one that has not. A repeated call resumes.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from docrerank.evaluation.statistics import bootstrap_difference, bootstrap_mean

Scores = dict[str, dict[str, float]]
METRICS = ("NDCG@5", "R@1")


def cut_in_two(benchmark: Path, out: Path) -> tuple[Path, Path]:
    """Write the benchmark of the first half of the documents and of the second; the PDFs are linked."""
    files = sorted((benchmark / "corpus").glob("*.pdf"))
    if len(files) < 2:
        raise SystemExit(f"'{benchmark}/corpus' has {len(files)} PDFs: two halves take at least two")
    middle = len(files) // 2
    return write_part(benchmark, files[:middle], out / "first"), write_part(benchmark, files[middle:], out / "second")


def write_part(benchmark: Path, files: list[Path], target: Path) -> Path:
    """A benchmark of these documents and the questions about them.

    A question of the whole corpus is about the documents of its relevant pages: left out if other ones are among them,
    and kept if there are none, for no page of any part answers it.
    """
    for folder in ("corpus", "qrels"):
        (target / folder).mkdir(parents=True, exist_ok=True)
    for file in files:
        link = target / "corpus" / file.name
        if not link.exists():
            os.symlink(file.resolve(), link)
    names = {file.stem for file in files}
    head, *rows = (benchmark / "qrels" / "test.tsv").read_text().splitlines()
    about: dict[str, set[str]] = {}
    for query, page, *_ in (row.split("\t") for row in rows):
        about.setdefault(query, set()).add(page.rpartition("/")[0])
    queries = {}
    for line in (benchmark / "queries.jsonl").read_text().splitlines():
        row = json.loads(line)
        only = row["metadata"].get("document")
        if ({only} if only else about.get(row["_id"], set())) <= names:
            queries[row["_id"]] = line
    (target / "queries.jsonl").write_text("".join(f"{line}\n" for line in queries.values()))
    kept = [row for row in rows if row.split("\t")[0] in queries]
    (target / "qrels" / "test.tsv").write_text("\n".join([head, *kept]) + "\n")
    return target


def measure(part: Path, other: Path, groups: int) -> tuple[Path, Path]:
    """Train on one half; the files of what it measured on its own documents and on the other half's."""
    run, own, held = part / "run", part / "own.json", part / "held_out.json"
    for target, benchmark in ((own, part), (held, other)):
        if not target.is_file():
            settings = ["--set", f"train.groups={groups}"]
            call("run", part / "corpus", "--benchmark", benchmark, "--out", run, *settings)
            partial = target.with_suffix(".partial")
            shutil.copyfile(run / "evaluation.json", partial)
            partial.replace(target)
    return own, held


def call(*arguments: Any) -> None:
    """A command of docrerank; what it prints goes to stderr."""
    subprocess.run([sys.executable, "-m", "docrerank.cli", *map(str, arguments)], check=True, stdout=sys.stderr)


def read_scores(*files: Path, metric: str) -> Scores:
    """For each answerable question of the files, what each system got."""
    found = {}
    for file in files:
        for query in json.loads(file.read_text())["queries"]:
            if query["answerable"]:
                systems = query["systems"].items()
                found[query["id"]] = {name: scores["metrics"][metric] for name, scores in systems}
    return found


def read_clusters(*files: Path) -> dict[str, str]:
    """Each question's document, which it is drawn with."""
    return {query["id"]: query["cluster"] for file in files for query in json.loads(file.read_text())["queries"]}


def list_systems(scores: Scores) -> list[str]:
    """Those that every question has, in the order of the first."""
    rows = list(scores.values())
    return [name for name in rows[0] if all(name in row for row in rows)]


def read_floors(file: Path) -> tuple[set[str], str | None]:
    """The names of the systems that learned nothing from this project, and of what training started from."""
    found = json.loads(file.read_text())
    systems = found["comparison"]["systems"]
    return {name for name, system in systems.items() if not system["trained"]}, (found["start"] or {}).get("system")


def compare(scores: Scores, clusters: dict[str, str], untrained: set[str], start: str | None) -> list[str]:
    """A line for each system: mean, gain over the best untrained system and over the start, with 95 % intervals."""
    systems = list_systems(scores)
    values = {name: [row[name] for row in scores.values()] for name in systems}
    best = max((name for name in systems if name in untrained), key=lambda name: sum(values[name]))
    documents, lines = [clusters[query] for query in scores], []
    for name in systems:
        mean = bootstrap_mean(values[name], documents)
        line = f"  {name:34} {mean.value:.3f} [{mean.low:.3f} {mean.high:.3f}]"
        for floor, what in ((best, "best untrained"), (start, "start")):
            if floor in values and floor != name:
                gain = bootstrap_difference(values[name], values[floor], documents)
                line += f"  {gain.value:+.3f} [{gain.low:+.3f} {gain.high:+.3f}] to {what}"
            elif floor == name:
                line += f"  the {what}"
        lines.append(line)
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("benchmark", type=Path)
    parser.add_argument("--out", type=Path, default=Path("held-out"))
    parser.add_argument("--groups", type=int, default=1600)
    args = parser.parse_args()
    first, second = cut_in_two(args.benchmark, args.out)
    measured = [measure(first, second, args.groups), measure(second, first, args.groups)]
    for title, files in zip(
        ("documents trained on", "documents never seen"), zip(*measured, strict=True), strict=True
    ):
        for metric in METRICS:
            scores = read_scores(*files, metric=metric)
            lines = compare(scores, read_clusters(*files), *read_floors(files[0]))
            print(f"{title}, {metric}, {len(scores)} questions", *lines, sep="\n")


if __name__ == "__main__":
    main()
