"""Pages laid out by hand: each string is a line, two spaces or more part its cells."""

from __future__ import annotations

import re

import numpy as np

from docrerank.records import Page

CHARACTER, LINE = 0.008, 0.025


def lay_out(text: str, number: int = 1, document: str = "doc") -> Page:
    """A page whose words stand where a fixed-width printer would have put them."""
    boxes = []
    rows = text.strip("\n").split("\n")
    for at, row in enumerate(rows):
        top = 0.05 + at * LINE
        for match in re.finditer(r"\S+", row):
            boxes.append((match.start() * CHARACTER, top, match.end() * CHARACTER, top + 0.6 * LINE))
    array = np.asarray(boxes, dtype=np.float32).reshape(-1, 4)
    joined = "\n".join(" ".join(row.split()) for row in rows)
    return Page(f"{document}/{number}", document, number, "doc.pdf", "0" * 64, 612, 792, joined, "layer", array)
