"""The strip that names company and period over a page's image."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from docrerank.pages import add_title_strip


def noise(width: int, height: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8))


@pytest.mark.parametrize("width", [40, 300, 1200])
def test_the_page_itself_is_not_changed(width: int) -> None:
    page = noise(width, 200)
    titled = add_title_strip(page, "Acme Corporation, fiscal 2019")
    height = titled.height - page.height
    assert titled.width == page.width
    assert height >= 16
    assert titled.crop((0, height, width, titled.height)).tobytes() == page.tobytes()


@pytest.mark.parametrize("text", ["Acme 2019", "A" * 500, "W " * 60, "Zürich € fiscal 2020"])
def test_the_letters_stay_inside_the_strip(text: str) -> None:
    titled = np.asarray(add_title_strip(Image.new("RGB", (400, 300), "red"), text).convert("RGB"))
    strip = titled[: len(titled) - 300 - 1].mean(axis=2)
    assert (strip < 128).any()
    assert (strip[:, [0, 1, -2, -1]] > 200).all()
    assert (titled[-300:] == (255, 0, 0)).all()


def test_an_empty_line_is_an_empty_strip() -> None:
    titled = np.asarray(add_title_strip(Image.new("RGB", (200, 100)), "  \n "))
    assert (titled[: len(titled) - 101] == 255).all()
