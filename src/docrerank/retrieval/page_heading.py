"""What a window should know of its surroundings: the heading of its page.

Measured with untrained MiniLM on human questions asked of one document (NDCG@5, late interaction): no context .422,
the page's heading .428, the document's title .411. A title is the same on all pages of a document, so it only dilutes.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from docrerank.records import Page

Line = tuple[list[str], npt.NDArray[np.float32]]
#: A heading is set at least this much larger than the page's ordinary text.
HEADING_SCALE = 1.15
MAX_HEADING_WORDS = 14


def find_heading(page: Page) -> str:
    """The first of the page's largest lines, or nothing if no line stands out from the ordinary text."""
    lines = _lines(page)
    if not lines:
        return ""
    usual = float(np.median(np.concatenate([heights for _, heights in lines])))
    sizes = [float(np.median(heights)) for _, heights in lines]
    headings = [index for index, (words, _) in enumerate(lines) if _could_head(words)]
    best = max(headings, key=lambda index: (round(sizes[index], 4), -index), default=None)
    if best is None or sizes[best] < usual * HEADING_SCALE:
        return ""
    return _spell(lines, sizes, best)


def _spell(lines: list[Line], sizes: list[float], first: int) -> str:
    """The heading's line and those right below it in the same size."""
    words = list(lines[first][0])
    for index in range(first + 1, len(lines)):
        if abs(sizes[index] - sizes[first]) > 0.05 * sizes[first] or len(words) >= MAX_HEADING_WORDS:
            break
        words += lines[index][0]
    return " ".join(words[:MAX_HEADING_WORDS])


def _could_head(words: list[str]) -> bool:
    letters = sum(character.isalpha() for word in words for character in word)
    return letters >= 3 and len(words) <= MAX_HEADING_WORDS


def _lines(page: Page) -> list[Line]:
    """Each line's words with the heights of their boxes; a word set upright has none, so that it never stands out."""
    heights = page.boxes[:, 3] - page.boxes[:, 1]
    upright = heights * page.height > 1.5 * (page.boxes[:, 2] - page.boxes[:, 0]) * page.width
    heights = np.where(upright, np.float32(0), heights)
    lines: list[Line] = []
    start = 0
    for line in page.text.splitlines():
        words = line.split()
        if words:
            lines.append((words, heights[start : start + len(words)]))
        start += len(words)
    return lines
