"""Reads a bitmap with RapidOCR: one engine per process, on one core, with the models of its own wheel.

Lines are found on a smaller copy, which costs in proportion to its pixels, and read one by one in the full bitmap, at
their own width: a batch would pad them all to its widest line, and the recogniser's time is its input's width.
"""

from __future__ import annotations

import math
from functools import cache
from importlib.util import find_spec
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from docrerank.pages.characters import Indices, lay_out, tidy
from docrerank.pages.layout import arrange
from docrerank.pages.text import NO_BOXES, Boxes, Layer
from docrerank.recipe import require

#: A bitmap with a smaller share of pixels unlike its most common grey is blank.
BLANK_SHARE = 5e-5
CONTRAST = 24
MIN_SIDE, MAX_SIDE = 8, 4_096
#: Lines are found on a copy of this many pixels at most, as a share of the budget of a page's bitmap.
DETECT_SHARE = 2 / 3
#: The recogniser's input is 48 pixels high; a shorter line is padded to this width, below which words break apart.
LINE_HEIGHT, LINE_WIDTH = 48, 160
#: A line read with less confidence is left out.
MIN_CONFIDENCE = 0.5
NARROW, WIDE = frozenset("iIljtfr1.,:;'|!()[]"), frozenset("mwMW@%")


def has_ocr() -> bool:
    """Whether the `ocr` extra is installed."""
    return find_spec("rapidocr") is not None and find_spec("onnxruntime") is not None


def read_bitmap(image: Image.Image, pixels: int) -> Layer:
    """Read an RGB image: its lines in reading order, and a box for each word, its share of its line's box.

    Args:
        image: a page, or a part of one.
        pixels: the budget that the page was drawn within.

    Raises:
        MissingExtra: RapidOCR is not installed.
    """
    if min(image.size) < MIN_SIDE:
        return Layer("", NO_BOXES)
    colours = np.ascontiguousarray(np.asarray(image)[:, :, ::-1])
    quads = _find_lines(image, pixels)
    texts = [_read_line(colours, quad) for quad in quads]
    read = [at for at, text in enumerate(texts) if text]
    if not read:
        return Layer("", NO_BOXES)
    placed = quads[read] / image.size
    edges = np.column_stack((placed.min(axis=1), placed.max(axis=1))).clip(0, 1).astype(np.float32)
    return _to_layer([texts[at] for at in read], edges, image.size)


def is_blank(image: Image.Image) -> bool:
    """Whether an image is of one colour but for specks."""
    counts = np.bincount(np.asarray(image.convert("L")).ravel(), minlength=256)
    common = int(counts.argmax())
    alike = counts[max(0, common - CONTRAST) : common + CONTRAST + 1].sum()
    return bool(counts.sum() - alike < BLANK_SHARE * counts.sum())


def split_box(box: npt.NDArray[np.float32], words: list[str]) -> Boxes:
    """Boxes of shape (n, 4) for the n words of a line's box, along its longer side, each by its estimated width."""
    widths = np.array([[sum(map(_width, word)), 0.5] for word in words]).ravel()[:-1]
    ends = np.concatenate(([0.0], np.cumsum(widths))) / widths.sum()
    boxes = np.repeat(box[None, :], len(words), axis=0)
    across = 0 if box[2] - box[0] >= box[3] - box[1] else 1
    length = box[across + 2] - box[across]
    boxes[:, across + 2] = box[across] + ends[1::2] * length
    boxes[:, across] = box[across] + ends[0:-1:2] * length
    return boxes


def _find_lines(image: Image.Image, pixels: int) -> npt.NDArray[np.float32]:
    """Corners of each line of text in pixels of the image, clockwise from its top left; of shape (lines, 4, 2)."""
    scale = min(1.0, math.sqrt(DETECT_SHARE * pixels / (image.width * image.height)))
    size = (max(MIN_SIDE, round(image.width * scale)), max(MIN_SIDE, round(image.height * scale)))
    small = image if size == image.size else image.resize(size, Image.Resampling.BILINEAR)
    found = _engine()(np.asarray(small)[:, :, ::-1], use_det=True, use_cls=False, use_rec=False).boxes
    if found is None or not len(found):
        return np.zeros((0, 4, 2), dtype=np.float32)
    quads: npt.NDArray[np.float32] = (np.asarray(found) * np.divide(image.size, size)).astype(np.float32)
    return quads


def _read_line(colours: npt.NDArray[np.uint8], quad: npt.NDArray[np.float32]) -> str:
    sides = np.linalg.norm(quad - np.roll(quad, -1, axis=0), axis=1)
    if np.maximum(sides[:2], sides[2:]).min() < 1:  # what was found in the margin that a thin image is given
        return ""
    crop = require("rapidocr.utils.process_img", extra="ocr").get_rotate_crop_image(colours, quad)
    found = _engine()(crop, use_det=False, use_cls=False, use_rec=True)
    if not found.txts or found.scores[0] < MIN_CONFIDENCE:
        return ""
    return tidy(found.txts[0])


def _to_layer(texts: list[str], edges: Boxes, size: tuple[int, int]) -> Layer:
    words: list[str] = []
    rows: list[int] = []
    boxes: list[Boxes] = [NO_BOXES]
    for row, members in enumerate(arrange(edges, texts, *size)):
        for at in members:
            if own := texts[at].split():
                words += own
                rows += [row] * len(own)
                boxes.append(split_box(edges[at], own))
    line: Indices = np.array(rows, dtype=np.int64)
    return Layer(lay_out(words, line), np.concatenate(boxes).astype(np.float32))


def _width(character: str) -> float:
    if character in NARROW:
        return 0.5
    if character in WIDE:
        return 1.5
    return 2.0 if character >= "\u2e80" else 1.0 + 0.25 * character.isupper()


@cache
def _engine() -> Any:
    """RapidOCR without the classifier of upside-down lines, which costs time and is wrong more often than right."""
    rapidocr = require("rapidocr", extra="ocr")
    require("onnxruntime", extra="ocr")
    settings = {
        "Global.log_level": "critical",
        "Global.use_cls": False,
        "Global.min_side_len": 1,
        "Global.max_side_len": MAX_SIDE,
        "Det.limit_type": "max",
        "Det.limit_side_len": MAX_SIDE,
        "Rec.rec_img_shape": [3, LINE_HEIGHT, LINE_WIDTH],
        "EngineConfig.onnxruntime.intra_op_num_threads": 1,
        "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        # Without the arena every layer's output is asked of the system anew, page fault by page fault.
        "EngineConfig.onnxruntime.enable_cpu_mem_arena": True,
    }
    engine = rapidocr.RapidOCR(params=settings)
    engine.crop_text_regions = lambda image, quads: []  # it would cut every line out of the smaller copy, for nothing
    return engine
