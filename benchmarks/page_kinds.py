"""Contact sheets of pages by what ingest says they are, to read by eye whether it is right.

All pages of the five statements are drawn, and of every other kind a sample. Text layers only, so that it takes
some 20 ms a page.

    python -m benchmarks.page_kinds SHEETS DOCUMENTS... [--each 4] [--seed 22]
"""

from __future__ import annotations

import argparse
import random
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from docrerank.pages import read_files, render
from docrerank.pages.statement_pages import table
from docrerank.recipe import Ingest
from docrerank.records import Page

COLUMNS, ROWS, WIDTH, HEIGHT, LABEL = 4, 2, 390, 510, 18


def choose_pages(pages: Sequence[Page], each: int, seed: int) -> list[tuple[str, Page]]:
    """Kinds and pages: all of the statements, then so many of every other kind."""
    found: dict[str, list[Page]] = defaultdict(list)
    for page in pages:
        for kind in page.kinds:
            found[kind].append(page)
    rng, statements = random.Random(seed), table()["statements"]
    chosen = [(kind, page) for kind in statements for page in found[kind]]
    for kind in sorted(found.keys() - statements.keys()):
        chosen += [(kind, page) for page in rng.sample(found[kind], min(each, len(found[kind])))]
    return chosen


def draw_sheet(chosen: Sequence[tuple[str, Page]]) -> Image.Image:
    """Pages side by side, each under its kind and its name."""
    sheet = Image.new("RGB", (COLUMNS * WIDTH, ROWS * (HEIGHT + LABEL)), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(13)
    for at, (kind, page) in enumerate(chosen):
        left, top = at % COLUMNS * WIDTH, at // COLUMNS * (HEIGHT + LABEL)
        image = render(page)
        image.thumbnail((WIDTH, HEIGHT))
        sheet.paste(image, (left, top + LABEL))
        pen.text((left + 2, top + 2), f"{kind} | {page.document[:24]} {page.number}", "red", font)
    return sheet


def main() -> None:
    """Read the command line, write the sheets and print how many pages are of each kind."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("sheets", type=Path)
    parser.add_argument("documents", type=Path, nargs="+")
    parser.add_argument("--each", type=int, default=4, help="pages of every kind that is no statement")
    parser.add_argument("--seed", type=int, default=22)
    given = parser.parse_args()
    given.sheets.mkdir(parents=True, exist_ok=True)
    chosen = choose_pages(read_files(given.documents, Ingest(ocr="never"))[0], given.each, given.seed)
    size = COLUMNS * ROWS
    for at in range(0, len(chosen), size):
        draw_sheet(chosen[at : at + size]).save(given.sheets / f"{at // size:03}.png")
    print(f"{len(chosen)} pages drawn, {sum(kind in table()['statements'] for kind, _ in chosen)} of statements")


if __name__ == "__main__":
    main()
