"""Text inside the pictures of pages that have a text layer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen import canvas

from docrerank.pages import find_documents, read_document
from docrerank.pages.ocr import has_ocr
from docrerank.recipe import Ingest
from docrerank.records import Page

pytestmark = pytest.mark.skipif(not has_ocr(), reason="the ocr extra is not installed")
LINES = ["Chapter two is about the water plant.", "The chart below shows what was treated."]


def draw_chart(words: list[str]) -> Image.Image:
    image = Image.new("RGB", (900, 600), "white")
    for row, text in enumerate(words):
        ImageDraw.Draw(image).text((80, 60 + 150 * row), text, "black", ImageFont.load_default(48))
    return image


def make_page(
    folder: Path, chart: Image.Image, box: tuple[float, float, float, float], rotation: int = 0, words: int = 0
) -> Path:
    """A page of two lines and one picture at (left, bottom, width, height), with words written over it."""
    path = folder / "report.pdf"
    paper = canvas.Canvas(str(path), pagesize=(600, 800))
    paper.setPageRotation(rotation)
    paper.drawImage(ImageReader(chart), *box)
    for row, line in enumerate(LINES):
        paper.drawString(50, 740 - 20 * row, line)
    for row in range(words):
        paper.drawString(110 + 60 * (row % 4), 300 + 20 * (row // 4), f"word{row}")
    paper.save()
    return path


def read(path: Path, **settings: object) -> Page:
    (page,) = read_document(find_documents([path])[0][0], Ingest(**settings))
    assert isinstance(page, Page)
    return page


CHART = ["Litres treated 2021", "Northern basin 482", "Southern basin 917"]


def test_the_words_of_a_chart_follow_the_text_layer_and_stand_where_the_chart_is(tmp_path: Path) -> None:
    page = read(make_page(tmp_path, draw_chart(CHART), (100, 200, 400, 300)))
    assert page.text_source == "layer"
    assert page.text.splitlines() == LINES + CHART
    inside = page.boxes[len(" ".join(LINES).split()) :]
    assert len(page.boxes) == len(page.text.split())
    assert (inside[:, :2] >= np.array([100 / 600, 300 / 800]) - 1e-3).all()
    assert (inside[:, 2:] <= np.array([500 / 600, 600 / 800]) + 1e-3).all()


def test_a_chart_on_a_turned_page_is_found_too(tmp_path: Path) -> None:
    chart = draw_chart(CHART).rotate(90, expand=True)
    page = read(make_page(tmp_path, chart, (100, 200, 260, 390), rotation=90))
    assert set(" ".join(CHART).split()) <= set(page.text.split())


def test_small_pictures_and_those_under_words_are_left(tmp_path: Path) -> None:
    small = read(make_page(tmp_path, draw_chart(CHART), (100, 200, 90, 60)))
    assert small.text.splitlines() == LINES
    scan = read(make_page(tmp_path, draw_chart(CHART), (100, 200, 400, 300), words=16))
    assert "Litres" not in scan.text


def test_a_picture_without_words_adds_nothing(tmp_path: Path) -> None:
    for chart in (Image.new("RGB", (300, 300), "navy"), Image.effect_noise((300, 300), 90).convert("RGB")):
        assert read(make_page(tmp_path, chart, (100, 200, 400, 300))).text.splitlines() == LINES


def test_it_can_be_turned_off(tmp_path: Path) -> None:
    path = make_page(tmp_path, draw_chart(CHART), (100, 200, 400, 300))
    assert read(path, picture_share=0).text.splitlines() == LINES
    assert read(path, ocr="never").text.splitlines() == LINES


def test_a_page_keeps_to_its_words(tmp_path: Path) -> None:
    page = read(make_page(tmp_path, draw_chart(CHART), (100, 200, 400, 300)), max_page_words=18)
    assert page.text.splitlines() == LINES


SCANNED = ["The river rose in spring", "and flooded nine villages", "before the dam was closed"] * 2
STAMP = "Approved for release 2003/11/04 by the historical review board of the agency"


def test_a_scan_under_a_stamp_is_read(tmp_path: Path) -> None:
    path = tmp_path / "scan.pdf"
    image = Image.new("RGB", (1200, 1600), "white")
    for row, text in enumerate(SCANNED):
        ImageDraw.Draw(image).text((120, 200 + 150 * row), text, "black", ImageFont.load_default(60))
    paper = canvas.Canvas(str(path), pagesize=(600, 800))
    paper.drawImage(ImageReader(image), 0, 0, 600, 800)
    paper.drawString(60, 15, STAMP)
    paper.save()
    page = read(path)
    assert page.text_source == "ocr"
    assert page.text.count("flooded nine villages") == 2
    assert read(path, picture_share=0).text.split() == STAMP.split()


def test_a_slide_over_a_background_keeps_its_own_words(tmp_path: Path) -> None:
    paper = canvas.Canvas(str(tmp_path / "slide.pdf"), pagesize=(600, 800))
    paper.drawImage(ImageReader(Image.new("RGB", (300, 400), "lightblue")), 0, 0, 600, 800)
    for row, text in enumerate(SCANNED):
        paper.drawString(60, 600 - 60 * row, text)
    paper.save()
    page = read(tmp_path / "slide.pdf")
    assert page.text_source == "layer"
    assert page.text.splitlines() == SCANNED


def test_text_drawn_as_outlines_is_read(tmp_path: Path) -> None:
    paper = canvas.Canvas(str(tmp_path / "outlined.pdf"), pagesize=(600, 800))
    paper.drawString(60, 15, "Annual report of the water board 2021")
    for row, text in enumerate(SCANNED * 2):
        draw_outlines(paper, text, 60, 700 - 50 * row)
    paper.save()
    page = read(tmp_path / "outlined.pdf")
    assert page.text_source == "ocr"
    assert "flooded nine villages" in page.text


def draw_outlines(paper: canvas.Canvas, text: str, left: float, bottom: float) -> None:
    """A text as one filled path for each run of dots of each of its letters' rows."""
    font = ImageFont.load_default(24)
    mask = Image.new("L", (500, 40), 0)
    ImageDraw.Draw(mask).text((0, 0), text, 255, font)
    for row, dots in enumerate(np.asarray(mask) > 127):
        edges = np.flatnonzero(np.diff(np.concatenate(([0], dots.view(np.int8), [0]))))
        for start, end in edges.reshape(-1, 2).tolist():
            paper.rect(left + start, bottom + 40 - row, end - start, 1, stroke=0, fill=1)
