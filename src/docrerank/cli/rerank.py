"""`docrerank rerank`: order the pages of files for a question."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from docrerank.cli.options import Json, find_source
from docrerank.cli.output import loading, print_json, results, say

if TYPE_CHECKING:
    from docrerank.reranker import Hit
    from docrerank.retrieval import Answer

Model = Annotated[
    str,
    typer.Argument(
        help="A trained model's folder, a run folder, 'docrerank-mini', 'minilm', or a hub name.",
        parser=find_source,
        metavar="MODEL",
        show_default=False,
    ),
]
Question = Annotated[str, typer.Argument(help="What to ask.", show_default=False)]
Files = Annotated[
    list[str], typer.Argument(help="PDFs, images or folders of them.", metavar="FILES", show_default=False)
]
Top = Annotated[int, typer.Option("--top", "-k", min=1, help="How many pages to show.")]
Pixels = Annotated[
    int | None, typer.Option("--pixels", min=3_136, help="Pixels of a page at most, for a model that reads images.")
]
Prompt = Annotated[
    str | None, typer.Option("--prompt", help="own, mono, qwen3 or lychee, for a model that does not say its prompt.")
]


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
    show_hits(hits, reranker.find_answer(query, [pages[hit["corpus_id"]] for hit in ranked]), json)


def choose_reading(pixels: int | None, prompt: str | None) -> dict[str, Any]:
    """How a vision-language model is to read pages, as far as it was said."""
    return {name: value for name, value in (("pixels", pixels), ("prompt", prompt)) if value is not None}


def show_hits(hits: Sequence[Hit], answer: Answer, json: bool) -> None:
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


def find_model(model: str) -> str:
    """A run folder stands for the model inside it."""
    return str(Path(model) / "model") if (Path(model) / "recipe.yaml").is_file() else model
