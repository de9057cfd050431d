"""Where a page speaks of a query: words of the query by their stems, and the lines that the model finds closest."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt

from docrerank.records import Page
from docrerank.retrieval import stem, tokens
from docrerank.serving.models import ServedModel
from docrerank.serving.responses import Box, Support

#: Lines put to the model, and lines marked.
MAX_LINES, MARKED_LINES = 150, 3
#: Of a closest line's score, what a marked line reaches at least.
CLOSE = 0.6
MAX_WORDS = 20_000
#: Words that every question has; marking them would mark the whole page.
COMMON = frozenset(
    "a an and are as at be by did do does for from had has have how in is it its many much of on or that the their "
    "this to was were what when where which who why will with".split()
)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a page: its words, and their boxes of shape (n, 4)."""

    words: list[str]
    boxes: npt.NDArray[np.float32]

    def to_box(self) -> Box:
        """The box around it."""
        low, high = self.boxes[:, :2].min(axis=0), self.boxes[:, 2:].max(axis=0)
        left, top, right, bottom = (round(float(value), 5) for value in (*low, *high))
        return Box(box=(left, top, right, bottom), text=" ".join(self.words))


def find_support(page: Page, query: str, model: ServedModel) -> Support:
    """The words and lines of a page to mark for a query; for the models' thread."""
    wanted = {stem(token) for token in tokens(query) if token.lower() not in COMMON}
    words = [
        Box(box=(word.x0, word.y0, word.x1, word.y1), text=word.text)
        for word in islice(page.words(), MAX_WORDS)
        if any(stem(token) in wanted for token in tokens(word.text))
    ]
    lines = [line.to_box() for line in _closest(_cut_lines(page), query, model)]
    return Support(
        page_id=page.id, width=page.width, height=page.height, text_source=page.text_source, words=words, lines=lines
    )


def _cut_lines(page: Page) -> list[Line]:
    lines: list[Line] = []
    start = 0
    for text in page.text.splitlines():
        words = text.split()
        if words and len(lines) < MAX_LINES:
            lines.append(Line(words, page.boxes[start : start + len(words)]))
        start += len(words)
    return lines


def _closest(lines: list[Line], query: str, model: ServedModel) -> list[Line]:
    """The lines that score highest alone, in their order on the page; none for a model that reads no text."""
    if model.reads_images or not lines:
        return []
    reranker: Any = model.reranker
    scores = np.asarray(reranker.predict([(query, " ".join(line.words)) for line in lines]), np.float32)
    best = [int(index) for index in np.argsort(-scores, kind="stable")[:MARKED_LINES]]
    return [lines[index] for index in sorted(best) if scores[index] >= CLOSE * scores[best[0]]]
