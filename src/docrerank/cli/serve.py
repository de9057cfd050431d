"""`docrerank serve`: models behind a rerank interface, and a web page."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from docrerank.cli.options import argument, find_model, find_source, folder
from docrerank.cli.output import progress, say
from docrerank.recipe.extras import require
from docrerank.records import UserError
from docrerank.runs import Run, locate

if TYPE_CHECKING:
    from docrerank.vision import VisionReranker

#: Pages encoded between two movements of the progress bar.
PAGES_AT_ONCE = 16

Models = Annotated[
    list[str],
    argument("MODEL...", "Model folders, run folders, 'minilm' or hub names; the first is the default.", find_source),
]
Pages = Annotated[Path | None, folder("--pages", help="A run whose pages can be asked.", parser=locate, metavar="RUN")]
Host = Annotated[str, typer.Option("--host", help="Others than 127.0.0.1 need a token.")]
Port = Annotated[int, typer.Option("--port", min=0, max=65_535, help="0 takes a free one.")]
Workers = Annotated[int, typer.Option("--workers", min=1, max=64, help="Processes, each with the models.")]
TokenFile = Annotated[
    Path | None, typer.Option("--token-file", help="Else $DOCRERANK_TOKEN, if set.", show_default=False)
]
AllowHost = Annotated[
    list[str] | None, typer.Option("--allow-host", help="A proxy's name for this server.", metavar="NAME")
]
Warm = Annotated[bool, typer.Option("--warm", help="Encode the run's page images first, for vision-language models.")]
Limit = Annotated[list[str] | None, typer.Option("--limit", help="A limit, e.g. documents=100.", metavar="NAME=VALUE")]

MIN_TOKEN = 16
PACKAGES = "fastapi uvicorn uvloop httptools multipart prometheus_client msgspec cachetools pythonjsonlogger".split()


def serve_models(
    models: Models,
    pages: Pages = None,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    workers: Workers = 1,
    token_file: TokenFile = None,
    allow_host: AllowHost = None,
    warm: Warm = False,
    limit: Limit = None,
) -> None:
    """Serve rerankers over HTTP (Cohere, Jina, vLLM) with a web page at /; see docs/serving.md."""
    for package in PACKAGES:
        require(package, extra="serve")
    from docrerank.serving import LOOPBACK, Limits, Settings, is_loopback, run_server

    if warm:
        warm_models(models, pages)
    hosts, limits = (*LOOPBACK, *(allow_host or ())), Limits.parse(limit or ())
    settings = Settings(tuple(models), pages, _read_token(token_file), hosts, is_loopback(host), limits)
    run_server(settings, host, port, workers)


def _read_token(file: Path | None) -> str:
    """The token of a file or of the environment; nothing if neither is there."""
    try:
        token = os.environ.get("DOCRERANK_TOKEN", "") if file is None else file.read_text("utf-8")
    except (OSError, ValueError) as error:
        raise UserError(f"the token file '{file}' cannot be read ({error})") from None
    if (token or file) and len(token.strip()) < MIN_TOKEN:
        raise UserError(f"the token is too short: take {MIN_TOKEN} characters or more")
    return token.strip()


def load_vision(model: str, **options: Any) -> VisionReranker:
    """Load a vision-language model, or the one inside a run.

    Raises:
        UserError: it is a text model.
    """
    from docrerank.vision import VisionReranker, is_vision_model

    if not is_vision_model(name := find_model(model)):
        raise UserError(f"'{model}' is not a vision-language model: give one that reads page images")
    return VisionReranker.from_pretrained(name, **options)


def warm_models(models: list[str], run: Path | None) -> dict[str, int]:
    """Encode a run's pages into RUN/cache with each model that reads images; returns what was done by the last one.

    Raises:
        UserError: no run, or no such model.
    """
    from docrerank.reranker import CACHE
    from docrerank.vision import PageCache, is_vision_model

    seeing = [model for model in models if is_vision_model(find_model(model))]
    if run is None or not seeing:
        raise UserError("--warm encodes page images: give --pages RUN and a vision-language model")
    pages, reasons, there = list(Run.open(run).pages.read()), dict[str, str](), 0
    for model in seeing:
        reranker = load_vision(model, cache=PageCache(folder=str(run / CACHE)))
        say(reranker.parts.describe())
        with progress("warm") as show:
            for start in range(0, len(pages), PAGES_AT_ONCE):
                batch = pages[start : start + PAGES_AT_ONCE]
                reasons |= {batch[place].id: reason for place, reason in reranker.warm(batch).items()}
                show(min(start + PAGES_AT_ONCE, len(pages)), len(pages))
        there = reranker.cache.hits["disk"]
    for page, reason in reasons.items():
        say(f"left out {page}: {reason}")
    return {"pages": len(pages), "there already": there, "left out": len(reasons)}
