"""`docrerank rerank` and `docrerank search`: the pages of files, or of a run, that answer a question."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from docrerank.cli.options import (
    Json,
    Pixels,
    Prompt,
    Question,
    RunFolder,
    Top,
    argument,
    choose_reading,
    find_model,
    find_source,
    folder,
)
from docrerank.cli.output import loading, print_json, results, say
from docrerank.runs import Run

if TYPE_CHECKING:
    from docrerank.reranker import Hit
    from docrerank.retrieval import Answer

Model = Annotated[
    str,
    argument(
        "MODEL", "A trained model's folder, a run folder, 'docrerank-mini', 'minilm', or a hub name.", find_source
    ),
]
Files = Annotated[list[str], argument("FILES", "PDFs, images or folders of them.")]
Cache = Annotated[Path | None, folder("--cache", help="Folder of encoded pages; RUN/cache if not given.")]


def rerank_files(
    model: Model,
    query: Question,
    files: Files,
    top: Top = 10,
    pixels: Pixels = None,
    prompt: Prompt = None,
    json: Json = False,
) -> None:
    """Order the pages of PDFs or images by how well they answer a question."""
    from docrerank.pages import read_files
    from docrerank.reranker import Reranker, list_hits

    pages, rejected = read_files(files)
    for row in rejected:
        say(f"left out {row.subject}: {row.reason}{': ' + row.detail if row.detail else ''}")
    with loading("the model"):
        reranker = Reranker.from_pretrained(find_model(model), **choose_reading(pixels, prompt))
    if not isinstance(reranker, Reranker):
        say(reranker.parts.describe())
    ranked = reranker.rank(query, pages)
    hits = list_hits(query, pages, [(hit["corpus_id"], hit["score"]) for hit in ranked[:top]])
    for hit in ranked[:top]:
        if hit["error"]:
            say(f"{pages[hit['corpus_id']].id} has no score: {hit['error']}")
    _show(hits, reranker.find_answer(query, [pages[hit["corpus_id"]] for hit in ranked]), json)


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
    with loading("the run's pages and its model"):
        searcher = Searcher(opened, opened.recipe.evaluate.candidates, cache, **choose_reading(pixels, prompt))
    if searcher.vision:
        say(searcher.vision.parts.describe())
    hits = searcher.search(query, top_k=max(top, searcher.candidates))
    _show(hits[:top], searcher.find_answer(query, hits), json)


def _show(hits: Sequence[Hit], answer: Answer, json: bool) -> None:
    """Print ranked pages, and whether any of them answers, as a table or as JSON."""
    if json:
        print_json({**answer.to_dict(), "pages": [hit.to_dict() for hit in hits]})
        return
    if told := answer.describe():
        say(told)
    from rich.table import Column, Table

    document = Column("document", overflow="fold", max_width=40)
    table = Table("rank", document, Column("page", no_wrap=True), "score", "kind", "text", box=None)
    for rank, hit in enumerate(hits, 1):
        name, _, number = hit.page_id.rpartition("/")
        table.add_row(str(rank), name, number, f"{hit.score:.4f}", hit.why or hit.kind, hit.snippet)
    results.print(table)
