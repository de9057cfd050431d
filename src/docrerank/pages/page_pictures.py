"""Text inside the pictures of a page that has a text layer: charts and screenshots say what the layer does not."""

from __future__ import annotations

import itertools

import numpy as np
import pypdfium2
import pypdfium2.raw as pdfium
from PIL import Image

from docrerank.pages.ocr import is_blank, read_bitmap
from docrerank.pages.render import draw
from docrerank.pages.text import NO_BOXES, Boxes, Layer, to_fractions
from docrerank.recipe import Ingest

#: Objects of a page that are looked at, and pictures that are read: a page may hold any number of either.
MAX_OBJECTS, MAX_PICTURES = 2_000, 8
#: A picture under more words of the text layer than this is a background, or a scan whose text is there already.
MAX_WORDS_OVER = 10
#: A picture's text counts from this many words of two letters or digits on: less is a logo, or dirt.
MIN_WORDS = 3
#: A page of fewer words that is covered by so large a picture, or has so many paths, shows text that it does not hold.
MAX_STAMP_WORDS, SCAN_SHARE, MIN_OUTLINES = 60, 0.6, 300


def add_pictures(page: pypdfium2.PdfPage, layer: Layer, ingest: Ingest) -> Layer:
    """Append to a page's text what OCR reads in its large pictures, one line each as `read_bitmap` has it.

    Args:
        page: an open page.
        layer: its text layer.
        ingest: `picture_share` is the share of the page from which a picture is large; 0 reads none.
    """
    found = find_pictures(page, ingest.picture_share) if ingest.picture_share else NO_BOXES
    found = found[_count_inside(layer.boxes, found) <= MAX_WORDS_OVER][:MAX_PICTURES]
    if not len(found):
        return layer
    image = draw(page, ingest.ocr_pixels)
    for box in found:
        more = _read(image.crop(_to_pixels(box, image.size)), box, ingest.ocr_pixels)
        layer = _append(layer, more, ingest.max_page_words)
    return layer


def hides_text(page: pypdfium2.PdfPage, layer: Layer) -> bool:
    """Whether a page's few words are a stamp over a scan, or stand beside text drawn as outlines."""
    if len(layer.boxes) > MAX_STAMP_WORDS:
        return False
    objects = itertools.islice(page.get_objects(max_depth=3), MAX_OBJECTS)
    outlines = sum(each.type == pdfium.FPDF_PAGEOBJ_PATH for each in objects)
    return outlines >= MIN_OUTLINES or len(find_pictures(page, SCAN_SHARE)) > 0


def find_pictures(page: pypdfium2.PdfPage, share: float) -> Boxes:
    """Boxes, in fractions of the page as in `Page.boxes`, of its pictures with at least this share of its area."""
    objects = itertools.islice(page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_IMAGE], max_depth=3), MAX_OBJECTS)
    bounds = [(left, top, right, bottom) for left, bottom, right, top in (each.get_bounds() for each in objects)]
    if not bounds:
        return NO_BOXES
    boxes = to_fractions(np.array(bounds, dtype=np.float32), page).clip(0, 1)
    large: Boxes = boxes[(boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]) >= share]
    return large


def _count_inside(words: Boxes, pictures: Boxes) -> np.ndarray:
    """How many words have their middle inside each picture; of shape (pictures,)."""
    middles = (words[None, :, :2] + words[None, :, 2:]) / 2
    inside = (middles >= pictures[:, None, :2]) & (middles <= pictures[:, None, 2:])
    return np.asarray(inside.all(axis=2).sum(axis=1))


def _read(crop: Image.Image, box: Boxes, pixels: int) -> Layer:
    """What a picture says, its boxes moved to where the picture stands on the page."""
    found = Layer("", NO_BOXES) if is_blank(crop) else read_bitmap(crop, pixels)
    if sum(sum(map(str.isalnum, word)) >= 2 for word in found.text.split()) < MIN_WORDS:
        return Layer("", NO_BOXES)
    origin, size = np.tile(box[:2], 2), np.tile(box[2:] - box[:2], 2)
    return Layer(found.text, (origin + found.boxes * size).astype(np.float32))


def _append(layer: Layer, more: Layer, max_words: int) -> Layer:
    """Both texts, unless they would be more words than a page may have."""
    if not more.text or len(layer.boxes) + len(more.boxes) > max_words:
        return layer
    text = layer.text if not layer.text or layer.text.endswith("\n") else layer.text + "\n"
    return Layer(text + more.text, np.concatenate([layer.boxes, more.boxes]), layer.cut)


def _to_pixels(box: Boxes, size: tuple[int, int]) -> tuple[int, int, int, int]:
    left, top, right, bottom = (box * np.tile(np.array(size), 2)).tolist()
    return int(left), int(top), max(int(left) + 1, round(right)), max(int(top) + 1, round(bottom))
