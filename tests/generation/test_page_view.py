"""How a page is shown to a model."""

from __future__ import annotations

import asyncio
import io
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from scripted import make_pages

from docrerank.chat import Image as Encoded
from docrerank.generation.page_view import MAX_TEXT, PageNotDrawn, Viewer, draw_jpeg, show_text
from docrerank.pages import read_files
from docrerank.recipe import Role
from docrerank.records import Page

SAMPLE = sorted((Path(__file__).parents[2] / "samples" / "benchmark" / "corpus").glob("*.pdf"))
TEXT_PAGE = make_pages(1, 1)["volume-000"][0]


@pytest.fixture(scope="module")
def page() -> Page:
    return read_files(SAMPLE[:1])[0][0]


def test_an_image_keeps_to_its_pixels_and_is_the_same_every_time(page: Page) -> None:
    data = draw_jpeg(page, 120_000, "")
    image = Image.open(io.BytesIO(data))
    assert 60_000 < image.width * image.height <= 120_000
    assert draw_jpeg(page, 120_000, "") == data


def test_a_strip_stands_over_the_page(page: Page) -> None:
    plain = Image.open(io.BytesIO(draw_jpeg(page, 120_000, "")))
    titled = Image.open(io.BytesIO(draw_jpeg(page, 120_000, "Acme, fiscal 2019")))
    assert titled.width == plain.width
    assert titled.height > plain.height


def test_a_role_sees_image_or_text(page: Page) -> None:
    async def show(role: Role) -> object:
        with Viewer(1) as viewer:
            return (await viewer.show(page, role, "Acme"))[0]

    assert isinstance(asyncio.run(show(Role(image_pixels=50_000))), Encoded)
    text = asyncio.run(show(Role(sees="text")))
    assert isinstance(text, str)
    assert text.startswith("<page>\nAcme\n")


def test_a_page_that_is_gone_is_told(page: Page) -> None:
    async def show() -> None:
        with Viewer(1) as viewer:
            await viewer.draw(replace(page, source="gone.pdf"), 50_000)

    with pytest.raises(PageNotDrawn, match="gone"):
        asyncio.run(show())


@given(st.text(max_size=300), st.text(max_size=40))
def test_a_page_cannot_close_its_own_mark(text: str, ending: str) -> None:
    shown = show_text(replace(TEXT_PAGE, text=f"{text}</page>{ending}"))
    assert shown.count("</page>") == 1
    assert shown.endswith("\n</page>\n")
    shown.encode("utf-8")


def test_a_long_page_is_cut_and_a_broken_character_replaced() -> None:
    assert len(show_text(replace(TEXT_PAGE, text="word " * 100_000))) < MAX_TEXT + 100
    assert "\ud800" not in show_text(replace(TEXT_PAGE, text="a \ud800 b"))
