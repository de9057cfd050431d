"""Reads a bitmap with RapidOCR: one engine per process, on one core, with the models of its own wheel."""

from __future__ import annotations

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
NARROW, WIDE = frozenset("iIljtfr1.,:;'|!()[]"), frozenset("mwMW@%")


def has_ocr() -> bool:
    """Whether the `ocr` extra is installed."""
    return find_spec("rapidocr") is not None and find_spec("onnxruntime") is not None


def read_bitmap(image: Image.Image) -> Layer:
    """Read an RGB image: its lines in reading order, and a box for each word, its share of its line's box.

    Raises:
        MissingExtra: RapidOCR is not installed.
    """
    if min(image.size) < MIN_SIDE:
        return Layer("", NO_BOXES)
    result = _engine()(np.asarray(image)[:, :, ::-1])
    if result.boxes is None or result.txts is None:
        return Layer("", NO_BOXES)
    quads = np.asarray(result.boxes, dtype=np.float64) / image.size
    edges = np.column_stack((quads.min(axis=1), quads.max(axis=1))).clip(0, 1).astype(np.float32)
    return _to_layer([tidy(text) for text in result.txts], edges, image.size)


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
        "Global.max_side_len": MAX_SIDE,
        "Det.limit_type": "max",
        "Det.limit_side_len": MAX_SIDE,
        "EngineConfig.onnxruntime.intra_op_num_threads": 1,
        "EngineConfig.onnxruntime.inter_op_num_threads": 1,
    }
    return rapidocr.RapidOCR(params=settings)
