"""`docrerank probe`: which near misses a model does not tell from the question that its page answers."""

from __future__ import annotations

import json as json_module
from pathlib import Path
from typing import Annotated, Any

import typer

from docrerank.cli.options import Json, argument, find_model, find_source, folder
from docrerank.cli.output import print_json, progress, results, say
from docrerank.runs import Run, locate

Models = Annotated[
    list[str],
    argument(
        "MODEL...",
        "Folders of models or runs, 'docrerank-mini', 'minilm' or 'bm25'; later ones are held against the first.",
        find_source,
    ),
]
Source = Annotated[Path, folder("--run", help="The run whose queries are asked.", parser=locate, metavar="RUN")]
Limit = Annotated[int, typer.Option("--limit", min=0, help="Hard negatives at most, whole pages; 0: all.")]
Out = Annotated[Path | None, folder("--out", "-o", help="Folder of probe.html and probe.json: RUN/probe.")]


def probe_models(models: Models, run: Source, limit: Limit = 0, out: Out = None, json: Json = False) -> None:
    """Score positives against their hard negatives on the same page: accuracy per edited property, worst cases.

    A model that was trained on RUN is probed on the pages that its training held out.
    """
    from docrerank.evaluation.probe import find_cases, probe
    from docrerank.report import describe_probe, write_probe
    from docrerank.runs import write_text

    opened, names = Run.open(run), list(dict.fromkeys(find_model(model) for model in models))
    found = find_cases(opened, names, limit)
    with progress("probe") as show:
        probed = probe(names, opened, found, show)
    content = describe_probe(found, probed, opened.recipe.seed)
    place = out or run / "probe"
    write_text(place / "probe.json", json_module.dumps(content, indent=1, ensure_ascii=False) + "\n")
    page = write_probe(place / "probe.html", opened, found, probed, content)
    if json:
        print_json(content)
    else:
        _show(content)
    say(f"worst cases with their pages: {page}")


def _show(content: dict[str, Any]) -> None:
    from rich.table import Table

    models = content["models"]
    where = "held-out pages" if content["part"] == "dev" else "pages"
    title = f"positive above its hard negative: {content['cases']:,} cases on {content['pages']:,} {where}"
    table = Table("", "cases", *(each["model"] for each in models), box=None, title=title, title_justify="left")
    table.add_row("all", f"{content['cases']:,}", *(_tell(each["accuracy"]) for each in models))
    for name, rows in models[0]["breakdowns"].items():
        for value, row in rows.items():
            cells = (_tell(each["breakdowns"][name][value]) for each in models)
            table.add_row(f"{name} {value}", f"{row['cases']:,}", *cells)
    results.print(table)
    for each in models[1:]:
        results.print(
            f"{each['model']} - {models[0]['model']}: {_tell(each['difference_from_first'], '+')}", markup=False
        )


def _tell(found: dict[str, float], sign: str = "") -> str:
    return f"{found['value']:{sign}.3f} ({found['low']:{sign}.3f} to {found['high']:{sign}.3f})"
