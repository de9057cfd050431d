"""How a page is shown to a model."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted import make_pages

from docrerank.chat import Image as Encoded
from docrerank.generation.open_roles import MAX_TEXT, show_page, show_text
from docrerank.pages import DrawingPool, read_files
from docrerank.recipe import Role
from docrerank.records import Page

SAMPLE = sorted((Path(__file__).parents[2] / "samples" / "benchmark" / "corpus").glob("brankholm-*.pdf"))
TEXT_PAGE = make_pages(1, 1)["volume-000"][0]


@pytest.fixture(scope="module")
def page() -> Page:
    return read_files(SAMPLE[:1])[0][0]


def test_a_role_sees_image_or_text(page: Page) -> None:
    async def show(role: Role) -> object:
        with contextlib.closing(DrawingPool(1)) as pool:
            return (await show_page(replace(page, strip="Acme"), role, pool))[0]

    assert isinstance(asyncio.run(show(Role(image_pixels=50_000))), Encoded)
    text = asyncio.run(show(Role(sees="text")))
    assert isinstance(text, str)
    assert text.startswith("<page>\nAcme\n")


@given(st.text(max_size=300), st.text(max_size=40))
def test_a_page_cannot_close_its_own_mark(text: str, ending: str) -> None:
    shown = show_text(replace(TEXT_PAGE, text=f"{text}</page>{ending}"))
    assert shown.count("</page>") == 1
    assert shown.endswith("\n</page>\n")
    shown.encode("utf-8")


def test_a_long_page_is_cut_and_a_broken_character_replaced() -> None:
    assert len(show_text(replace(TEXT_PAGE, text="word " * 100_000))) < MAX_TEXT + 100
    assert "\ud800" not in show_text(replace(TEXT_PAGE, text="a \ud800 b"))
