"""`docrerank rerank` and `docrerank search`: the pages of files, or of a run, that answer a question."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from docrerank.cli.options import (
    Json,
    Question,
    RunFolder,
    Top,
    argument,
    find_model,
    find_source,
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


def rerank_files(model: Model, query: Question, files: Files, top: Top = 10, json: Json = False) -> None:
    """Order the pages of PDFs or images by how well they answer a question."""
    from docrerank.pages import read_files
    from docrerank.reranker import Reranker, list_hits

    pages, rejected = read_files(files)
    for row in rejected:
        say(f"left out {row.subject}: {row.reason}{': ' + row.detail if row.detail else ''}")
    with loading("the model"):
        reranker = Reranker.from_pretrained(find_model(model))
    if not isinstance(reranker, Reranker):
        say(reranker.parts.describe())
    ranked = reranker.rank(query, pages)
    ordered = [hit["page"] for hit in ranked]
    likely = reranker.share_probability(query, ranked) if isinstance(reranker, Reranker) else None
    hits = list_hits(query, ordered, [(at, hit["score"]) for at, hit in enumerate(ranked[:top])], likely)
    for hit in ranked[:top]:
        if hit["error"]:
            say(f"{hit['page'].id} has no score: {hit['error']}")
    _show(hits, None if likely is None else float(likely.sum()), reranker.find_answer(query, ordered), json)


def search_run(run: RunFolder, query: Question, top: Top = 10, json: Json = False) -> None:
    """Find the pages of a run that answer a question: first stage, then the run's reranker."""
    from docrerank.reranker import Searcher

    opened = Run.open(run)
    with loading("the run's pages and its model"):
        searcher = Searcher(opened, opened.recipe.evaluate.candidates)
    if searcher.vision:
        say(searcher.vision.parts.describe())
    hits = searcher.search(query, top_k=max(top, searcher.candidates))
    likely = [hit.probability for hit in hits if hit.probability is not None]
    _show(hits[:top], sum(likely) if likely else None, searcher.find_answer(query, hits), json)


def _show(hits: Sequence[Hit], likely: float | None, answer: Answer, json: bool) -> None:
    """Print the best pages, and how likely each and any page answers, as a table or as JSON."""
    if json:
        any_page = {} if likely is None else {"probability": round(likely, 4)}
        print_json({**answer.to_dict(), **any_page, "pages": [hit.to_dict() for hit in hits]})
        return
    if told := answer.describe():
        say(told)
    elif likely is not None:
        say(f"a page answers with a probability of {likely:.0%}; the table has each page's share of it")
    from rich.table import Column, Table

    document = Column("document", overflow="fold", max_width=40)
    scale = "score" if likely is None else "answers"
    table = Table("rank", document, Column("page", no_wrap=True), scale, "kind", "text", box=None)
    for rank, hit in enumerate(hits, 1):
        name, _, number = hit.page_id.rpartition("/")
        shown = f"{hit.score:.4f}" if hit.probability is None else f"{hit.probability:.0%}"
        table.add_row(str(rank), name, number, shown, hit.why or hit.kind, hit.snippet)
    results.print(table)
