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

PIXELS = 300_000
QUALITY = 62
#: Of all pictures of a report together, as they stand in the file.
BUDGET_BYTES = 3_500_000
SECONDS_PER_PAGE = 30.0
NO_BOXES = np.zeros((0, 4), np.float32)


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A page's picture: `uri` for an image element, and its size in pixels."""

    uri: str
    width: int
    height: int


def draw_thumbnails(pages: Iterable[Page], max_image_pixels: int, workers: int = 0) -> dict[str, Thumbnail]:
    """Draw pages, in order of importance, until `BUDGET_BYTES` are spent; a page that cannot be drawn is left out.

    Args:
        pages: the same page may stand among them twice; it counts once.
        max_image_pixels: an image file with more pixels is not decoded.
        workers: processes; 0 means one per core.

    Returns:
        page id to its picture.
    """
    shards = {page.id: (replace(page, text="", boxes=NO_BOXES), max_image_pixels) for page in pages}
    drawn: dict[str, Thumbnail] = {}
    for (page, _), result in map_shards(draw_thumbnail, list(shards.values()), workers, SECONDS_PER_PAGE):
        if isinstance(result, Thumbnail):
            drawn[page.id] = result
    kept: dict[str, Thumbnail] = {}
    budget = BUDGET_BYTES
    for page_id in shards:
        if page_id in drawn and len(drawn[page_id].uri) <= budget:
            budget -= len(drawn[page_id].uri)
            kept[page_id] = drawn[page_id]
    return kept


def draw_thumbnail(shard: tuple[Page, int]) -> Thumbnail | None:
    """Draw one page as a small WebP picture; None if its file is gone or cannot be drawn."""
    page, max_image_pixels = shard
    try:
        image = render(page, PIXELS, max_image_pixels)
    except UserError:
        return None
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=QUALITY, method=4)
    return Thumbnail("data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode("ascii"), *image.size)
