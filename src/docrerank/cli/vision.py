"""`docrerank warm` and `verify`: what serves a vision-language reranker, and what holds it against another."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from docrerank.cli.options import Json, RunFolder, find_source
from docrerank.cli.output import print_json, progress, results, say
from docrerank.cli.rerank import Model, Pixels, Prompt, choose_reading, find_model
from docrerank.records import Page, UserError
from docrerank.runs import Run, locate

if TYPE_CHECKING:
    from docrerank.vision import VisionReranker

#: Pages that are encoded between two movements of the progress bar.
PAGES_AT_ONCE = 16
QUERIES = ("How high were net sales in 2021?", "number of employees by region", "Which year had the lowest margin?")

Cache = Annotated[
    Path | None, typer.Option("--cache", help="Folder of encoded pages; RUN/cache if not given.", show_default=False)
]
Other = Annotated[
    str,
    typer.Argument(help="Another, to be held against it.", parser=find_source, metavar="OTHER", show_default=False),
]
Sample = Annotated[
    Path | None, typer.Option("--run", help="Take the sample pairs from this run.", parser=locate, metavar="RUN")
]
Pages = Annotated[int, typer.Option("--pages", min=1, help="Sample pages.")]


def warm_cache(
    model: Model,
    run: RunFolder,
    cache: Cache = None,
    pixels: Pixels = None,
    prompt: Prompt = None,
    json: Json = False,
) -> None:
    """Encode a run's pages ahead, so that its first searches find them on disk."""
    from docrerank.reranker import CACHE
    from docrerank.vision import PageCache

    opened = Run.open(run)
    folder, pages = cache or opened.path / CACHE, list(opened.pages.read())
    kept = PageCache.of_size(host_bytes=0, folder=str(folder))
    reranker = load_vision(model, cache=kept, **choose_reading(pixels, prompt))
    say(reranker.parts.describe())
    reasons: dict[str, str] = {}
    with progress("warm") as show:
        for start in range(0, len(pages), PAGES_AT_ONCE):
            batch = pages[start : start + PAGES_AT_ONCE]
            reasons |= {batch[place].id: reason for place, reason in reranker.warm(batch).items()}
            show(min(start + PAGES_AT_ONCE, len(pages)), len(pages))
    hits = reranker.cache.hits
    size = sum(file.stat().st_size for file in folder.rglob("*.safetensors"))
    counts = {"pages": len(pages), "there already": hits.disk, "left out": len(reasons), "bytes": size}
    for page, reason in reasons.items():
        say(f"left out {page}: {reason}")
    _show(counts, json)


def verify_models(model: Model, other: Other, run: Sample = None, pages: Pages = 8, json: Json = False) -> None:
    """Score the same pairs with two models, such as a model and its export, and say how far they differ."""
    from docrerank.vision import compare_rerankers

    queries, sample = _draw_sample(run, pages)
    found = compare_rerankers(load_vision(model), load_vision(other), queries, sample)
    if not found.pairs:
        raise UserError("no page of the sample could be scored: give --run with pages whose files are there")
    counts = {"pairs": found.pairs, "largest difference": found.largest, "same order": found.agreement}
    _show(counts, json)


def load_vision(model: str, **options: Any) -> VisionReranker:
    """A vision-language model, or the one inside a run.

    Raises:
        UserError: it is a text model.
    """
    from docrerank.vision import is_vision_model

    name = find_model(model)
    if not is_vision_model(name):
        raise UserError(f"'{model}' is not a vision-language model: this verb is for models that read page images")
    from docrerank.vision import VisionReranker

    return VisionReranker.from_pretrained(name, **options)


def _draw_sample(run: Path | None, count: int) -> tuple[list[str], list[Any]]:
    """Queries and pages of a run, evenly spread; drawn pages and fixed queries without one."""
    if run is None:
        return list(QUERIES), [_draw_page(number) for number in range(count)]
    opened = Run.open(run)
    pages: list[Page] = _spread(list(opened.pages.read()), count)
    ids = {page.id for page in pages}
    queries = [query.text for query in opened.queries.read() if query.page_id in ids]
    return _spread(list(dict.fromkeys(queries)), count) or list(QUERIES), list(pages)


def _spread(rows: list[Any], count: int) -> list[Any]:
    return rows[:: max(1, len(rows) // count)][:count]


def _draw_page(number: int) -> Any:
    """A page with some lines of text on it, other ones for every number."""
    from PIL import Image, ImageDraw

    image = Image.new("RGB", (595, 770), "white")
    for row in range(20):
        text = f"Line {row}: net sales of region {(row * 7 + number) % 13} were {(row + 3) * (number + 11)} million"
        ImageDraw.Draw(image).text((40, 40 + 34 * row), text, fill="black")
    return image


def _show(counts: dict[str, Any], json: bool) -> None:
    if json:
        print_json(counts)
        return
    for name, value in counts.items():
        results.print(f"{name}: {value:.3g}" if isinstance(value, float) else f"{name}: {value}", markup=False)
