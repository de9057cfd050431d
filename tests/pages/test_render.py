from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from docrerank.pages import find_documents, read_document, render
from docrerank.pages.render import MAX_SIDE, fit, fit_squares
from docrerank.recipe import Ingest
from docrerank.records import Page, UserError


def first_page(path: Path) -> Page:
    return next(p for p in read_document(find_documents([path])[0][0], Ingest(ocr="never")) if isinstance(p, Page))


def test_a_page_is_drawn_within_its_budget(make_pdf: Callable[..., Path]) -> None:
    image = render(first_page(make_pdf("a.pdf", [["Net sales"]])), pixels=200_000)
    assert image.mode == "RGB"
    assert 180_000 < image.width * image.height <= 200_000
    assert np.asarray(image).min() < 100


@given(st.floats(1e-3, 2e7), st.floats(1e-3, 2e7), st.integers(1, 20_000_000))
def test_no_size_of_page_exceeds_its_budget(width: float, height: float, pixels: int) -> None:
    scale = fit(width, height, pixels)
    sides = [max(1, int(np.ceil(side * scale))) for side in (width, height)]
    assert max(sides) <= max(MAX_SIDE + 1, 1)
    assert sides[0] * sides[1] <= max(pixels, MAX_SIDE + 1)


@given(st.floats(28, 4_000), st.floats(28, 4_000))
def test_sides_of_squares_keep_the_budget_and_nearly_the_shape(width: float, height: float) -> None:
    scale = fit(width, height, 602_112)
    sides = fit_squares(width * scale, height * scale, 602_112, 28)
    assert sides[0] * sides[1] <= 602_112 or min(sides) == 28
    for side, wanted in zip(sides, (width * scale, height * scale), strict=True):
        assert side % 28 == 0
        assert abs(side - wanted) <= 28


def measure_edges(image: Image.Image) -> float:
    grey = np.asarray(image.convert("L"), np.float64)
    return float(np.square(np.diff(grey, axis=0)).mean() + np.square(np.diff(grey, axis=1)).mean())


@pytest.mark.parametrize("form", ["pdf", "png"])
def test_a_page_drawn_for_a_reader_of_squares_is_sharper_than_one_that_is_resized_again(
    form: str, make_pdf: Callable[..., Path], tmp_path: Path
) -> None:
    page = first_page(make_pdf("a.pdf", [[f"Net sales of region {row} were {row * 37} million" for row in range(40)]]))
    if form == "png":
        render(page, 4_000_000).save(tmp_path / "scan.png")
        page = first_page(tmp_path / "scan.png")
    once = render(page, 602_112, square=28)
    assert (once.width % 28, once.height % 28) == (0, 0)
    twice = render(page, 602_112).resize(once.size, Image.Resampling.BICUBIC)
    assert measure_edges(once) > 1.02 * measure_edges(twice)


@pytest.mark.parametrize("size", [(14_400, 14_400), (1_000_000, 1_000_000), (1_000_000, 10), (3, 3)])
def test_pages_of_absurd_size_are_drawn_small(make_pdf: Callable[..., Path], size: tuple[float, float]) -> None:
    image = render(first_page(make_pdf("a.pdf", [["text"]], size)), pixels=100_000)
    assert image.width * image.height <= 100_000


def test_a_photograph_is_turned_upright_and_transparency_becomes_white(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (300, 200), "navy").save(tmp_path / "turned.jpg", exif=exif)
    Image.new("RGBA", (30, 20), (0, 0, 0, 0)).save(tmp_path / "clear.png")
    assert render(first_page(tmp_path / "turned.jpg")).size == (200, 300)
    assert render(first_page(tmp_path / "clear.png")).getpixel((5, 5)) == (255, 255, 255)


def test_sixteen_bit_grey_keeps_its_contrast(tmp_path: Path) -> None:
    values = np.zeros((20, 20), dtype=np.uint16)
    values[:, 10:] = 40_000
    Image.fromarray(values).save(tmp_path / "deep.png")
    image = np.asarray(render(first_page(tmp_path / "deep.png")))
    assert (image.min(), image.max()) == (0, 255)


def test_a_file_that_is_gone_or_has_become_another_is_a_user_error(make_pdf: Callable[..., Path]) -> None:
    page = first_page(make_pdf("a.pdf", [["text"]]))
    Path(page.source).write_bytes(b"no longer a PDF")
    with pytest.raises(UserError, match="cannot be drawn"):
        render(page)
    Path(page.source).unlink()
    with pytest.raises(UserError, match="is gone"):
        render(page)
