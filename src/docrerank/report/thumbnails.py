"""Small pictures of pages as data URIs, drawn by workers that may crash, within one budget of bytes for the file."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from docrerank.pages import render
from docrerank.records import Page, UserError
from docrerank.runs import map_shards

#: Pixels of a picture that is there to be read, and of a small one.
LARGE, SMALL = 900_000, 200_000
QUALITY = 62
#: Of all pictures of a file together.
BUDGET_BYTES = 3_500_000
SECONDS_PER_PAGE = 30.0
NO_BOXES = np.zeros((0, 4), np.float32)


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A page's picture: `uri` for an image element, and its size in pixels."""

    uri: str
    width: int
    height: int


def draw_thumbnails(pages: Iterable[Page], size: int, max_image_pixels: int, workers: int = 0) -> dict[str, Thumbnail]:
    """Draw pages, in order of importance, until `BUDGET_BYTES` are spent; leave out those that cannot be drawn.

    Args:
        pages: a page that stands among them twice counts once.
        size: pixels of a picture, `LARGE` or `SMALL`.
        max_image_pixels: an image file with more pixels is not decoded.
        workers: processes; 0 means one per core.

    Returns:
        page id to its picture.
    """
    asked = {page.id: page for page in pages}
    shards = [(replace(page, text="", boxes=NO_BOXES), size, max_image_pixels) for page in asked.values()]
    drawn: dict[str, Thumbnail] = {}
    for (page, *_), result in map_shards(draw_thumbnail, shards, workers, SECONDS_PER_PAGE):
        if isinstance(result, Thumbnail):
            drawn[page.id] = result
    kept, budget = dict[str, Thumbnail](), BUDGET_BYTES
    for page_id in asked:
        if page_id in drawn and len(drawn[page_id].uri) <= budget:
            budget -= len(drawn[page_id].uri)
            kept[page_id] = drawn[page_id]
    return kept


def draw_thumbnail(shard: tuple[Page, int, int]) -> Thumbnail | None:
    """Draw one page as a WebP picture; None if its file is gone or cannot be drawn."""
    page, size, max_image_pixels = shard
    try:
        image = render(page, size, max_image_pixels)
    except UserError:
        return None
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=QUALITY, method=4)
    return Thumbnail("data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode("ascii"), *image.size)
