"""Arguments and options that several verbs share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

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


def choose_base(base: str) -> list[str]:
    """The override that `--base` stands for."""
    return [f"train.base={base}"] if base else []


def find_source(source: str) -> str:
    """What an argument means that names a run or something else: of a run in a store its working folder."""
    return str(locate(source)) if "://" in source else source


Pdfs = Annotated[
    list[str],
    typer.Argument(help="PDFs, images, folders of them; s3://... too.", metavar="PDFS", show_default=False),
]
Out = Annotated[
    Path,
    typer.Option(
        "--out", "-o", help="The run folder, or s3://...; made if it is not there.", parser=locate, metavar="RUN"
    ),
]
RunFolder = Annotated[
    Path, typer.Argument(help="A run folder, or s3://...", parser=locate, metavar="RUN", show_default=False)
]
RecipeName = Annotated[str, typer.Option("--recipe", "-r", help="A shipped recipe or a YAML file.")]
Overrides = Annotated[
    list[str] | None, typer.Option("--set", help="A recipe key, e.g. train.groups=500; may be repeated.")
]
BaseOption = Annotated[
    str, typer.Option("--base", help="The reranker to train: any text or vision-language model's folder or hub name.")
]
EngineOption = Annotated[
    str, typer.Option("--engine", help="What works on documents: `local` processes, or `ray` (docs/cluster.md).")
]
AddressOption = Annotated[
    str, typer.Option("--ray-address", help="A Ray cluster's host:port; without, `--engine ray` starts one here.")
]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
BenchmarkFolder = Annotated[
    Path | None,
    typer.Option(
        "--benchmark",
        "-b",
        help="A folder with corpus/, queries.jsonl and qrels/test.tsv.",
        parser=keep_local,
        metavar="FOLDER",
    ),
]


def is_main_process() -> bool:
    """False in all but the first of the processes that torchrun or `accelerate launch` started."""
    return not read_rank()


def choose_engine(engine: str, address: str) -> list[str]:
    """The recipe keys that `--engine` and `--ray-address` stand for."""
    engine = engine or ("ray" if address else "")
    return [f"engine={engine}"] * bool(engine) + [f"ray_address={address}"] * bool(address)


def open_run(path: Path, overrides: list[str] | None = None) -> Run:
    """Open a run; with overrides its frozen recipe is changed, and stages redo what depends on that."""
    run = Run.open(path)
    if not overrides:
        return run
    if not is_main_process():
        return Run(path, load_recipe(path / "recipe.yaml", overrides))
    return Run.create(path, load_recipe(path / "recipe.yaml", overrides))
