"""`docrerank search`: the pages of a run that answer a question."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from docrerank.cli.options import Json, RunFolder
from docrerank.cli.output import loading, say
from docrerank.cli.rerank import Pixels, Prompt, Question, Top, choose_reading, show_hits
from docrerank.runs import Run

Cache = Annotated[
    Path | None, typer.Option("--cache", help="Folder of encoded pages; RUN/cache if not given.", show_default=False)
]


def search_run(
    run: RunFolder,
    query: Question,
    top: Top = 10,
    cache: Cache = None,
    pixels: Pixels = None,
    prompt: Prompt = None,
    json: Json = False,
) -> None:
    """Find the pages of a run that answer a question: first stage, then the run's reranker."""
    from docrerank.reranker import Searcher

    opened = Run.open(run)
    reading = choose_reading(pixels, prompt)
    with loading("the run's pages and its model"):
        searcher = Searcher(opened, opened.recipe.evaluate.candidates, cache, **reading)
    if searcher.vision:
        say(searcher.vision.parts.describe())
    hits = searcher.search(query, top_k=max(top, searcher.candidates))
    show_hits(hits[:top], searcher.find_answer(query, hits), json)
