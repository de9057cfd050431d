"""`docrerank export`: a run as a training set, a model in another form."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from docrerank.cli.options import Json, argument, find_source, folder, is_run
from docrerank.cli.output import describe, print_json, progress, say
from docrerank.cli.serve import load_vision
from docrerank.records import UserError
from docrerank.runs import Run

#: Forms of a model.
MODEL_FORMS = ("vllm", "sentence-transformers")
MAX_NAMED = 12

Source = Annotated[str, argument("SOURCE", "A run folder, or a model's.", find_source)]
Target = Annotated[Path, folder("--out", "-o", help="Folder to write; empty or new.")]
To = Annotated[
    str,
    typer.Option(
        "--to",
        help="The form. Of a run's training set: hf, triplet, labeled-list, beir. Of a model (or the one in a run): "
        "vllm, sentence-transformers.",
        show_default=False,
    ),
]
Pixels = Annotated[int, typer.Option("--pixels", min=1, help="Set: pixels of a page image at most.")]
Negatives = Annotated[int, typer.Option("--negatives", min=1, help="Set: negatives of a labelled list, at most.")]
License = Annotated[str, typer.Option("--license", help="Set: licence for its card, e.g. cc-by-4.0.")]
Push = Annotated[str, typer.Option("--push-to-hub", help="Set: upload it to this dataset repository, OWNER/NAME.")]
Private = Annotated[bool, typer.Option("--private", help="Set: a new repository is private.")]


def export_source(
    source: Source,
    out: Target,
    to: To,
    pixels: Pixels = 1_200_000,
    negatives: Negatives = 3,
    license_: License = "",
    push_to_hub: Push = "",
    private: Private = False,
    json: Json = False,
) -> None:
    """Write a run's training set, or a model, in a form that others read.

    The forms are in docs/datasets.md; every set has a README.md that says how to load it.
    """
    from docrerank.datasets import FORMS, ExportOptions, check_repo, push_folder

    if to in MODEL_FORMS:
        if push_to_hub:
            raise UserError("--push-to-hub uploads training sets; docrerank push uploads a run's model")
        _export_model(source, out, to)
        return
    if not is_run(source) or to not in FORMS:
        raise UserError(_list_forms(source, to, ", ".join(FORMS)))
    if push_to_hub:
        check_repo(push_to_hub)
        os.environ["HF_HUB_OFFLINE"] = "0"  # the command line is offline unless it is asked to go online, as here
    counts = _export_set(Run.open(source), out, ExportOptions(to, pixels, negatives, license_))
    if push_to_hub:
        say(f"pushed to {push_folder(out, push_to_hub, private)}")
    if json:
        print_json(counts)


def _export_set(run: Run, out: Path, options: Any) -> dict[str, Any]:
    """Export a run, and say what came of it."""
    from docrerank.datasets import export_run

    with progress("export") as show:
        counts = export_run(run, out, options, show)
    told = {name: counts[name] for name in ("rows", "left_out")}
    say(f"wrote {out}: {describe(told)}" if counts["redone"] else f"'{out}' is this set already")
    missing = list(counts["missing"].items())
    for page, reason in missing[:MAX_NAMED]:
        say(f"left out {page}: {reason}")
    if len(missing) > MAX_NAMED:
        say(f"and {len(missing) - MAX_NAMED} more pages, in {out / 'docrerank.json'}")
    return counts


def _export_model(model: str, out: Path, to: str) -> None:
    from docrerank.retrieval import ModelCard
    from docrerank.vision import export_classifier, save_reranker

    if out.exists() and any(out.iterdir() if out.is_dir() else [out]):
        raise UserError(f"'{out}' is not empty: give another --out")
    loaded = load_vision(model)
    written = export_classifier(loaded.parts, out) if to == "vllm" else save_reranker(loaded.parts, out)
    if loaded.threshold is not None:
        ModelCard(relevance_threshold=loaded.threshold).write(written)
    say(f"wrote {written}")


def _list_forms(source: str, to: str, sets: str) -> str:
    models = ", ".join(MODEL_FORMS)
    if is_run(source):
        return f"no form '{to}': a run's training set is written as {sets}; its model as {models}"
    if not Path(source).exists():
        return f"'{source}' does not exist: give a run folder (sets) or a model's folder ({models})"
    if to in sets.split(", "):
        return f"'{source}' is not a run folder, and only a run is written as {to}; a model is written as {models}"
    return f"no form '{to}': a model is written as {models}"
