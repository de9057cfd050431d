from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from docrerank.pages import find_documents, read_document
from docrerank.pages.ocr import _read_line, has_ocr, is_blank, read_bitmap, split_box
from docrerank.recipe import Ingest
from docrerank.records import Page

PIXELS = Ingest().ocr_pixels

needs_ocr = pytest.mark.skipif(not has_ocr(), reason="the ocr extra is not installed")


def picture(rows: list[tuple[int, int, str]], size: tuple[int, int] = (900, 500)) -> Image.Image:
    image = Image.new("RGB", size, "white")
    for x, y, text in rows:
        ImageDraw.Draw(image).text((x, y), text, "black", ImageFont.load_default(36))
    return image


@needs_ocr
def test_a_picture_of_text_is_read_line_by_line_with_a_box_for_each_word() -> None:
    layer = read_bitmap(picture([(60, 40, "Annual report 2023"), (60, 140, "Net sales"), (600, 140, "1,234")]), PIXELS)
    assert layer.text == "Annual report 2023\nNet sales 1,234\n"
    assert layer.boxes.shape == (6, 4)
    assert layer.boxes.dtype == np.float32
    assert abs(layer.boxes[5, 0] - 600 / 900) < 0.03
    assert (layer.boxes[1:3, 0] >= layer.boxes[:2, 2]).all()


@needs_ocr
@pytest.mark.parametrize("size", [(1250, 940), (500, 2400)])
def test_lines_found_on_a_smaller_copy_stand_where_they_are_on_the_bitmap(size: tuple[int, int]) -> None:
    """Also those of a tall page, which a limit on its longer side would make too small to be found."""
    width, height = size
    image = picture([(40, 60, "Opening balance"), (240, height - 80, "Closing 1,234")], size)
    layer = read_bitmap(image, width * height)
    assert layer.text.split() == ["Opening", "balance", "Closing", "1,234"]
    assert np.abs(layer.boxes[0, :2] * size - (40, 66)).max() < 20
    assert np.abs(layer.boxes[2, :2] * size - (240, height - 74)).max() < 20


@needs_ocr
def test_a_short_line_is_read_alike_beside_a_long_one_and_alone() -> None:
    alone = read_bitmap(picture([(60, 40, "35,370")]), PIXELS)
    beside = read_bitmap(picture([(60, 40, "35,370"), (60, 140, "A much longer line of text below it")]), PIXELS)
    assert alone.text == "35,370\n"
    assert beside.text.splitlines()[0] == "35,370"


@needs_ocr
def test_thin_and_tiny_pictures_are_read_without_being_blown_up() -> None:
    for size in ((4000, 3), (3, 4000), (1, 1), (40, 30), (1000, 9)):
        read_bitmap(Image.effect_noise(size, 80).convert("RGB"), PIXELS)
    read_bitmap(picture([(0, -12, "Total assets 1,234 5,678")], (1200, 12)), PIXELS)


@needs_ocr
def test_a_line_without_height_reads_as_nothing() -> None:
    quad = np.array([[0, 5], [90, 5], [90, 5], [0, 5]], dtype=np.float32)
    assert _read_line(np.zeros((20, 100, 3), dtype=np.uint8), quad) == ""


@needs_ocr
def test_a_scanned_page_is_read_by_ocr_and_a_blank_one_is_not(tmp_path: Path, make_pdf: Callable[..., Path]) -> None:
    scan = [(60, 40 + 80 * row, f"Line number {row} of the scan") for row in range(5)]
    picture(scan).save(tmp_path / "scan.pdf")
    blank = make_pdf("blank.pdf", [[]])
    (read,) = read_document(find_documents([tmp_path / "scan.pdf"])[0][0], Ingest())
    (empty,) = read_document(find_documents([blank])[0][0], Ingest())
    assert isinstance(read, Page)
    assert isinstance(empty, Page)
    assert read.text_source == "ocr"
    assert read.text.splitlines() == [text for _, _, text in scan]
    assert (empty.text, empty.text_source) == ("", "none")


@needs_ocr
def test_ocr_needs_no_network() -> None:
    """A fresh process whose sockets fail, with the models of the wheel alone."""
    code = (
        "import socket\n"
        "def refuse(*args, **kwargs): raise OSError('no network')\n"
        "socket.socket.connect = refuse; socket.create_connection = refuse\n"
        "from PIL import Image\n"
        "from docrerank.pages.ocr import read_bitmap\n"
        "print(repr(read_bitmap(Image.effect_noise((200, 100), 90).convert('RGB'), 1_200_000).text))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr


def test_a_uniform_picture_is_blank_and_one_small_word_makes_it_not() -> None:
    assert is_blank(Image.new("RGB", (900, 500), "navy"))
    noise = Image.fromarray(np.random.default_rng(0).integers(235, 255, (500, 900, 3), dtype=np.uint8))
    assert is_blank(noise)
    assert not is_blank(picture([(60, 40, "page")]))


def test_a_lines_box_is_shared_out_by_width() -> None:
    box = np.array([0.1, 0.2, 0.9, 0.25], dtype=np.float32)
    boxes = split_box(box, ["ab", "cdef", "g"])
    assert boxes.shape == (3, 4)
    assert boxes[0, 0] == box[0]
    assert boxes[-1, 2] == pytest.approx(box[2])
    widths = boxes[:, 2] - boxes[:, 0]
    assert widths[1] > widths[0] > widths[2]
    upright = split_box(np.array([0.1, 0.2, 0.12, 0.9], dtype=np.float32), ["ab", "cd"])
    assert (upright[:, 0] == np.float32(0.1)).all()
    assert upright[0, 3] < upright[1, 1]
