"""Arguments and options that several verbs share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from docrerank.recipe import load_recipe
from docrerank.records import UserError
from docrerank.runs import Run, locate
from docrerank.vision import read_rank


def keep_local(place: str) -> Path:
    """A folder that must be of this machine.

    Raises:
        UserError: it is a URL.
    """
    if "://" in place:
        raise UserError(f"'{place}' must be a folder of this machine: only a run and its documents may be in a store")
    return Path(place)


def find_source(source: str) -> str:
    """What an argument means that names a run or something else: of a run in a store its working folder."""
    return str(locate(source)) if "://" in source else source


def argument(metavar: str, help: str, parser: Any = None) -> Any:
    """An argument without a default."""
    return typer.Argument(help=help, parser=parser, metavar=metavar, show_default=False)


def folder(*names: str, help: str, parser: Any = keep_local, metavar: str = "FOLDER") -> Any:
    """An option that takes a folder."""
    return typer.Option(*names, help=help, parser=parser, metavar=metavar, show_default=False)


Pdfs = Annotated[list[str], argument("PDFS", "PDFs, images, folders of them; s3://... too.")]
Out = Annotated[
    Path, folder("--out", "-o", help="The run folder, or s3://...; made if new.", parser=locate, metavar="RUN")
]
RunFolder = Annotated[Path, argument("RUN", "A run folder, or s3://...", locate)]
RecipeName = Annotated[str, typer.Option("--recipe", "-r", help="A shipped recipe or a YAML file.")]
Overrides = Annotated[list[str] | None, typer.Option("--set", help="A recipe key, e.g. train.groups=500; repeatable.")]
Base = Annotated[
    str, typer.Option("--base", help="The reranker to train: any text or vision-language model's folder or hub name.")
]
FirstStage = Annotated[
    str,
    typer.Option("--first-stage", help="Finds pages beside BM25: minilm, or any embedder of texts or images."),
]
Engine = Annotated[
    str, typer.Option("--engine", help="What works on documents: `local` processes, or `ray` (docs/cluster.md).")
]
RayAddress = Annotated[
    str, typer.Option("--ray-address", help="A Ray cluster's host:port; without, `--engine ray` starts one here.")
]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Benchmark = Annotated[
    Path | None, folder("--benchmark", "-b", help="A folder with corpus/, queries.jsonl and qrels/test.tsv.")
]
Question = Annotated[str, argument("QUERY", "What to ask.")]
Top = Annotated[int, typer.Option("--top", "-k", min=1, help="How many pages to show.")]


def choose(
    base: str = "", engine: str = "", ray_address: str = "", given: list[str] | None = None, first: str = ""
) -> list[str]:
    """The recipe keys that options of their own stand for, and those given by `--set`."""
    engine = engine or ("ray" if ray_address else "")
    keys = {"train.base": base, "first_stage": first, "engine": engine, "ray_address": ray_address}
    return [*(f"{key}={value}" for key, value in keys.items() if value), *(given or [])]


def is_run(source: str) -> bool:
    """Whether this names a run folder."""
    return (Path(source) / "recipe.yaml").is_file()


def find_model(model: str) -> str:
    """A run folder stands for the model inside it."""
    return str(Path(model) / "model") if is_run(model) else model


def is_main_process() -> bool:
    """False in all but the first of the processes that torchrun or `accelerate launch` started."""
    return not read_rank()


def open_run(path: Path, overrides: list[str] | None = None) -> Run:
    """Open a run; with overrides its frozen recipe is changed, and stages redo what depends on that."""
    run = Run.open(path)
    if not overrides:
        return run
    recipe = load_recipe(path / "recipe.yaml", overrides)
    return Run.create(path, recipe) if is_main_process() else Run(path, recipe)
