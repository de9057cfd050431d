"""Loads a vision-language reranker for a verb, and encodes a run's pages before `docrerank serve` begins."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from docrerank.cli.output import progress, say
from docrerank.cli.rerank import find_model
from docrerank.records import UserError
from docrerank.runs import Run

if TYPE_CHECKING:
    from docrerank.vision import VisionReranker

#: Pages encoded between two movements of the progress bar.
PAGES_AT_ONCE = 16


def load_vision(model: str, **options: Any) -> VisionReranker:
    """Load a vision-language model, or the one inside a run.

    Raises:
        UserError: it is a text model.
    """
    from docrerank.vision import VisionReranker, is_vision_model

    name = find_model(model)
    if not is_vision_model(name):
        raise UserError(f"'{model}' is not a vision-language model: give one that reads page images")
    return VisionReranker.from_pretrained(name, **options)


def warm_cache(model: str, run: Run) -> dict[str, int]:
    """Encode a run's pages into RUN/cache, where searches and servers find them; returns what was done."""
    from docrerank.reranker import CACHE
    from docrerank.vision import PageCache

    pages = list(run.pages.read())
    reranker = load_vision(model, cache=PageCache.of_size(host_bytes=0, folder=str(run.path / CACHE)))
    say(reranker.parts.describe())
    reasons: dict[str, str] = {}
    with progress("warm") as show:
        for start in range(0, len(pages), PAGES_AT_ONCE):
            batch = pages[start : start + PAGES_AT_ONCE]
            reasons |= {batch[place].id: reason for place, reason in reranker.warm(batch).items()}
            show(min(start + PAGES_AT_ONCE, len(pages)), len(pages))
    for page, reason in reasons.items():
        say(f"left out {page}: {reason}")
    return {"pages": len(pages), "there already": reranker.cache.hits.disk, "left out": len(reasons)}


def warm_models(models: list[str], pages: Path | None) -> None:
    """Encode a run's pages with each of the models that reads images.

    Raises:
        UserError: no run, or no such model.
    """
    from docrerank.vision import is_vision_model

    seeing = [model for model in models if is_vision_model(find_model(model))]
    if pages is None or not seeing:
        raise UserError("--warm encodes page images: give --pages RUN and a vision-language model")
    for model in seeing:
        warm_cache(model, Run.open(pages))
