"""Pages drawn in worker processes."""

from __future__ import annotations

import asyncio
import contextlib
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from docrerank.pages import DrawingPool, PageNotDrawn, read_files, render
from docrerank.pages.drawing import draw_jpeg
from docrerank.pages.title_strip import MIN_HEIGHT, STRIP_SHARE
from docrerank.records import Page

SAMPLE = sorted((Path(__file__).parents[2] / "samples" / "benchmark" / "corpus").glob("brankholm-*.pdf"))


@pytest.fixture(scope="module")
def page() -> Page:
    return read_files(SAMPLE[:1])[0][0]


def test_an_image_keeps_to_its_pixels_and_is_the_same_every_time(page: Page) -> None:
    data = draw_jpeg(page, 120_000)
    image = Image.open(io.BytesIO(data))
    assert 60_000 < image.width * image.height <= 120_000
    assert draw_jpeg(page, 120_000) == data


def test_a_strip_stands_over_the_page(page: Page) -> None:
    titled = replace(page, strip="Acme, fiscal 2019")
    image = Image.open(io.BytesIO(draw_jpeg(titled, 120_000)))
    strip = max(MIN_HEIGHT, round(image.width * STRIP_SHARE))
    assert (np.asarray(image.convert("L"))[: strip - 2] < 128).any()
    assert 60_000 < image.width * image.height <= 120_000
    for square in (14, 28, 32):
        sides = render(titled, 602_112, square=square).size
        assert [side % square for side in sides] == [0, 0]
        assert 400_000 < sides[0] * sides[1] <= 602_112


def test_a_pool_draws_what_drawing_here_gives_and_tells_what_it_cannot(page: Page) -> None:
    gone = replace(page, source="gone.pdf")
    with contextlib.closing(DrawingPool(1)) as pool:
        assert asyncio.run(pool.draw(page, 50_000)) == draw_jpeg(page, 50_000)
        with pytest.raises(PageNotDrawn, match="gone"):
            asyncio.run(pool.draw(gone, 50_000))
