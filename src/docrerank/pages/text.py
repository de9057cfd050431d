"""The text layer of a PDF page: pdfium's characters to words and boxes, at little more than the cost of the text.

pdfium is asked for two character boxes per word, the first and the last, through a handle that neither releases the
interpreter's lock nor converts arguments; everything else is done on arrays.
"""

from __future__ import annotations

import ctypes
from collections import deque
from dataclasses import dataclass
from functools import cache
from itertools import repeat
from typing import Any

import numpy as np
import numpy.typing as npt
import pypdfium2
import pypdfium2.raw as pdfium
from pypdfium2_raw import bindings

from docrerank.pages.characters import Codes, Indices, split_words

Boxes = npt.NDArray[np.float32]
NO_BOXES: Boxes = np.zeros((0, 4), dtype=np.float32)

#: Characters read of a page, for each word that is kept of it at most.
CHARACTERS_PER_WORD = 64


@dataclass(frozen=True, slots=True)
class Layer:
    """A page's text and the box of each of its words.

    Attributes:
        text: as in `Page.text`.
        boxes: as in `Page.boxes`.
        cut: how many words were left out because the page has too many; at least 1 if any were.
        partial: whether the page shows text that this layer seems to lack.
    """

    text: str
    boxes: Boxes
    cut: int = 0
    partial: bool = False


def read_layer(page: pypdfium2.PdfPage, max_words: int) -> Layer:
    """Read the text layer of an open page, in the order of its content stream.

    Words that lie wholly outside the visible page (its crop box) are left out.

    Raises:
        pypdfium2.PdfiumError: the page's content cannot be read.
    """
    handle = pdfium.FPDFText_LoadPage(page)
    if not handle:
        raise pypdfium2.PdfiumError("the text of the page cannot be loaded")
    try:
        return _read(handle, page, max_words)
    finally:
        pdfium.FPDFText_ClosePage(handle)


def _read(handle: Any, page: pypdfium2.PdfPage, max_words: int) -> Layer:
    count = pdfium.FPDFText_CountChars(handle)
    if count <= 0:
        return Layer("", NO_BOXES)
    bound = max_words * CHARACTERS_PER_WORD
    codes = _characters(handle, min(count, bound))
    tokens = split_words(codes)
    cut = max(len(tokens.words) - max_words, int(count > bound))
    if len(tokens.words) > max_words:
        tokens = tokens.keep(np.arange(len(tokens.words)) < max_words)
    boxes = _word_boxes(handle, _char_indices(handle, tokens.first, tokens.last, len(codes), count))
    boxes = to_fractions(boxes, page)
    outside = (boxes[:, 2:] <= 0) | (boxes[:, :2] >= 1)
    if outside.any():
        seen: npt.NDArray[np.bool_] = ~(outside[:, 0] | outside[:, 1])
        tokens, boxes = tokens.keep(seen), boxes[seen]
    return Layer(tokens.text(), boxes.clip(0, 1, out=boxes), cut)


def _characters(handle: Any, count: int) -> Codes:
    """The page's code points; pdfium gives 16 bits of each, the others are asked for where they may be missing."""
    short = np.empty(count + 1, dtype=np.uint16)
    written = pdfium.FPDFText_GetText(handle, 0, count, short.ctypes.data_as(ctypes.POINTER(ctypes.c_ushort)))
    short = short[: max(written - 1, 0)]
    codes: Codes = short.astype(np.uint32)
    for at in np.flatnonzero(short - np.uint16(0xD400) < 0xFB00 - 0xD400).tolist():
        code = pdfium.FPDFText_GetUnicode(handle, pdfium.FPDFText_GetCharIndexFromTextIndex(handle, at))
        if code & 0xFFFF == codes[at]:
            codes[at] = code
    return codes


def _char_indices(handle: Any, first: Indices, last: Indices, written: int, count: int) -> list[int]:
    """First and last character of each word, alternating, as pdfium counts characters."""
    indices: list[int] = np.array((first, last)).T.ravel().tolist()
    if written == count:
        return indices
    return [pdfium.FPDFText_GetCharIndexFromTextIndex(handle, index) for index in indices]


def _word_boxes(handle: Any, indices: list[int]) -> Boxes:
    """Left, top, right and bottom, of shape (n, 4), in the page's own space, for 2n character indices."""
    memory, slots = _slots(1 << max(12, (len(indices) - 1).bit_length()))
    memory[: len(indices)] = 0
    address = ctypes.c_void_p(ctypes.cast(handle, ctypes.c_void_p).value)
    deque(map(_loose_char_box(), repeat(address), indices, slots), maxlen=0)
    ends = memory[: len(indices)].reshape(-1, 8)
    boxes = np.empty((len(ends), 4), dtype=np.float32)
    for column, pick in enumerate((np.fmin, np.fmax, np.fmax, np.fmin)):
        pick(ends[:, column], ends[:, column + 4], out=boxes[:, column])
    return boxes


def to_fractions(boxes: Boxes, page: pypdfium2.PdfPage) -> Boxes:
    """The page's own space (origin bottom left, before rotation) to fractions of what is seen, from its top left."""
    left, bottom, right, top = page.get_bbox()
    width, height = max(right - left, 1e-6), max(top - bottom, 1e-6)
    boxes -= np.array((left, top, left, top), dtype=np.float32)
    boxes /= np.array((width, -height, width, -height), dtype=np.float32)
    rotation = page.get_rotation()
    if rotation:
        x0, y0, x1, y1 = boxes.T.copy()
        turned = {90: (1 - y1, x0, 1 - y0, x1), 180: (1 - x1, 1 - y1, 1 - x0, 1 - y0), 270: (y0, 1 - x1, y1, 1 - x0)}
        boxes = np.column_stack(turned[rotation])
    return boxes if np.isfinite(boxes.sum()) else np.nan_to_num(boxes)


@cache
def _slots(size: int) -> tuple[npt.NDArray[np.float32], list[ctypes.c_void_p]]:
    """Memory for `size` boxes, and the address of each."""
    boxes = np.zeros((size, 4), dtype=np.float32)
    return boxes, [ctypes.c_void_p(boxes.ctypes.data + 16 * at) for at in range(size)]


@cache
def _loose_char_box() -> Any:
    """`FPDFText_GetLooseCharBox`; it takes far less time than to release the interpreter's lock, so that is kept."""
    function = ctypes.PyDLL(bindings._libs["pdfium"]._name).FPDFText_GetLooseCharBox
    function.restype = None
    return function
