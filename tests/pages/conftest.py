"""Real documents for the tests of the pages room, made on the spot."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from reportlab.pdfgen.canvas import Canvas

from docrerank.recipe import Recipe, load_recipe
from docrerank.runs import Run

MakePdf = Callable[..., Path]


@pytest.fixture
def make_pdf(tmp_path: Path) -> MakePdf:
    """Write a PDF with one line list per page; returns its path."""

    def make(name: str, pages: list[list[str]], size: tuple[float, float] = (612, 792)) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        canvas = Canvas(str(path), pagesize=size, invariant=1)
        for texts in pages:
            for row, text in enumerate(texts):
                canvas.drawString(72, size[1] - 72 - 14 * row, text)
            canvas.showPage()
        canvas.save()
        return path

    return make


@pytest.fixture
def make_run(tmp_path: Path) -> Callable[..., Run]:
    """Open a run folder under the cpu recipe, with overrides."""

    def make(name: str = "run", *overrides: str) -> Run:
        recipe: Recipe = load_recipe("cpu", ["workers=1", *overrides])
        return Run.create(tmp_path / name, recipe)

    return make


@pytest.fixture
def five_words() -> list[str]:
    """Enough text that a page needs no OCR."""
    return ["Net sales grew by twelve percent in 2023", "Operating income fell in the same year"]
