"""`docrerank serve`: models behind a rerank interface, and a web page."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from docrerank.cli.options import find_source
from docrerank.cli.vision import warm_models
from docrerank.recipe.extras import require
from docrerank.records import UserError
from docrerank.runs import locate

Models = Annotated[
    list[str],
    typer.Argument(
        help="Model folders, run folders, 'minilm' or hub names; the first is the default.",
        parser=find_source,
        metavar="MODEL...",
    ),
]
Pages = Annotated[
    Path | None, typer.Option("--pages", help="A run whose pages can be asked.", parser=locate, metavar="RUN")
]
Host = Annotated[str, typer.Option("--host", help="Others than 127.0.0.1 need a token.")]
Port = Annotated[int, typer.Option("--port", min=0, max=65_535, help="0 takes a free one.")]
Workers = Annotated[int, typer.Option("--workers", min=1, max=64, help="Processes, each with the models.")]
TokenFile = Annotated[
    Path | None, typer.Option("--token-file", help="Else $DOCRERANK_TOKEN, if set.", show_default=False)
]
AllowHost = Annotated[
    list[str] | None, typer.Option("--allow-host", help="A proxy's name for this server.", metavar="NAME")
]
Warm = Annotated[
    bool, typer.Option("--warm", help="Encode the run's page images first, if a vision-language model is served.")
]
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
    """Serve rerankers over HTTP (Cohere, Jina, vLLM, NIM) with a web page at /; see docs/serving.md."""
    for package in PACKAGES:
        require(package, extra="serve")
    from docrerank.serving import LOOPBACK, Limits, Settings, is_loopback, run_server

    if warm:
        warm_models(models, pages)
    settings = Settings(
        tuple(models),
        pages,
        _read_token(token_file),
        (*LOOPBACK, *(allow_host or ())),
        is_loopback(host),
        Limits.parse(limit or ()),
    )
    run_server(settings, host, port, workers)


def _read_token(file: Path | None) -> str:
    """The token of a file or of the environment; nothing if neither is there."""
    token = os.environ.get("DOCRERANK_TOKEN", "") if file is None else _read(file)
    if (token or file) and len(token.strip()) < MIN_TOKEN:
        raise UserError(f"the token is too short: take {MIN_TOKEN} characters or more")
    return token.strip()


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, ValueError) as error:
        raise UserError(f"the token file '{file}' cannot be read ({error})") from None
