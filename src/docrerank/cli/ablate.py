"""`docrerank ablate`: what each part of the method is worth on these documents."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from docrerank.cli.options import Json, RunFolder, folder
from docrerank.cli.output import print_json, progress, results, say
from docrerank.runs import Run, write_text

Benchmark = Annotated[
    Path, typer.Option("--benchmark", "-b", help="A folder with corpus/, queries.jsonl and qrels/test.tsv.")
]
Arms = Annotated[str, typer.Option("--arms", help="`all`, `table4`, or with commas: names, train.KEY=VALUE.")]
Groups = Annotated[int, typer.Option("--groups", min=1, help="Training groups of every arm, at most.")]
Seeds = Annotated[int, typer.Option("--seeds", min=1, help="How often every arm is trained.")]
Out = Annotated[Path | None, folder("--out", "-o", help="Folder of the arms: RUN/ablation.")]


def ablate_run(
    run: RunFolder,
    benchmark: Benchmark,
    arms: Arms = "table4",
    groups: Groups = 800,
    seeds: Seeds = 3,
    out: Out = None,
    json: Json = False,
) -> None:
    """Train rerankers that differ in one thing, at equal size, and compare them; writes ablation.json and .md.

    Each arm is a run folder in FOLDER/arms. What is done is not done again: give the same command after a kill, or
    more arms or seeds.
    """
    from docrerank.evaluation.ablation import PRESETS, ablate, find_arms, render_markdown

    place, chosen, source = out or run / "ablation", find_arms(arms), Run.open(run)
    sizes, named = {"groups": groups, "seeds": seeds}, arms not in PRESETS
    with progress("ablate") as show:
        found = ablate(source, benchmark, chosen, place, **sizes, named=named, say=say, progress=show)
    table = render_markdown(found)
    write_text(place / "ablation.md", table)
    if json:
        print_json(asdict(found))
    else:
        results.print(table, markup=False, soft_wrap=True)
    say(f"table: {place / 'ablation.md'}")
