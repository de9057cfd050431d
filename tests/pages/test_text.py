from __future__ import annotations

import contextlib
import ctypes
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pypdfium2
import pypdfium2.raw as pdfium
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reportlab.pdfgen.canvas import Canvas

from docrerank.pages.text import Layer, read_layer

FILINGS = Path(__file__).parents[3] / "shared" / "corpora" / "filings"


@contextlib.contextmanager
def opened(path: Path, number: int = 1) -> Iterator[pypdfium2.PdfPage]:
    with contextlib.closing(pypdfium2.PdfDocument(path)) as pdf, contextlib.closing(pdf[number - 1]) as page:
        yield page


def read(path: Path, max_words: int = 20_000) -> Layer:
    with opened(path) as page:
        return read_layer(page, max_words)


def plain_boxes(page: pypdfium2.PdfPage) -> tuple[list[str], np.ndarray]:
    """The plain path: one call of pdfium per character, joined in Python."""
    text = page.get_textpage()
    left, bottom, right, top = page.get_bbox()
    words, boxes, word = [], [], []
    rect = pdfium.FS_RECTF()
    for at in range(text.count_chars() + 1):
        character = chr(pdfium.FPDFText_GetUnicode(text, at)) if at < text.count_chars() else " "
        if not character.isspace():
            pdfium.FPDFText_GetLooseCharBox(text, at, ctypes.byref(rect))
            word.append((character, (rect.left, rect.top, rect.right, rect.bottom)))
        elif word:
            words.append("".join(c for c, _ in word))
            x0, y0, x1, y1 = word[0][1]
            u0, v0, u1, v1 = word[-1][1]
            boxes.append((min(x0, u0), max(y0, v0), max(x1, u1), min(y1, v1)))
            word = []
    text.close()
    edges = np.array(boxes).reshape(-1, 4)
    edges = (edges - (left, top, left, top)) / (right - left, -(top - bottom), right - left, -(top - bottom))
    return words, edges


def test_the_fast_path_gives_what_one_call_per_character_gives(make_pdf: Callable[..., Path]) -> None:
    path = make_pdf("a.pdf", [["Net  sales 1,234 (5.6%)", "", "grew by € 12 – more", "x"]])
    with opened(path) as page:
        words, boxes = plain_boxes(page)
        layer = read_layer(page, 100)
        assert layer.text.split() == words
        np.testing.assert_allclose(layer.boxes, boxes, atol=1e-5)
        with pytest.raises(AssertionError):
            np.testing.assert_allclose(layer.boxes[::-1], boxes, atol=1e-5)


@pytest.mark.skipif(not FILINGS.is_dir(), reason="the shared filings are not beside the project")
def test_the_fast_path_equals_the_plain_path_on_real_filings() -> None:
    with contextlib.closing(pypdfium2.PdfDocument(sorted(FILINGS.glob("*.pdf"))[0])) as pdf:
        for number in (2, 11, 20):
            with contextlib.closing(pdf[number]) as page:
                words, boxes = plain_boxes(page)
                layer = read_layer(page, 20_000)
                whole = ["\x02" not in word for word in words]
                assert len(layer.boxes) == len(words) > 100
                assert [w for w, kept in zip(layer.text.split(), whole, strict=True) if kept] == [
                    w for w, kept in zip(words, whole, strict=True) if kept
                ]
                np.testing.assert_allclose(layer.boxes[whole], boxes.clip(0, 1)[whole], atol=1e-4)


@given(st.lists(st.text(alphabet=st.characters(codec="latin-1"), max_size=40), max_size=6))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_word_has_a_box_within_the_page(make_pdf: Callable[..., Path], texts: list[str]) -> None:
    layer = read(make_pdf("any.pdf", [texts]))
    assert layer.boxes.dtype == np.float32
    assert layer.boxes.shape == (len(layer.text.split()), 4)
    assert ((layer.boxes >= 0) & (layer.boxes <= 1)).all()
    assert (layer.boxes[:, :2] <= layer.boxes[:, 2:]).all()


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_boxes_follow_the_pages_rotation_and_crop(
    make_pdf: Callable[..., Path], tmp_path: Path, rotation: int
) -> None:
    with contextlib.closing(pypdfium2.PdfDocument(make_pdf("a.pdf", [["Word"]]))) as pdf:
        pdf[0].set_cropbox(50, 400, 450, 780)
        pdf[0].set_rotation(rotation)
        pdf.save(tmp_path / "turned.pdf")
    with opened(tmp_path / "turned.pdf") as page:
        box = read_layer(page, 10).boxes[0]
        image = np.asarray(page.render(scale=4).to_pil().convert("L"))
    dark = np.argwhere(image < 128)
    (y0, x0), (y1, x1) = dark.min(axis=0) / image.shape, dark.max(axis=0) / image.shape
    assert box[0] - 0.01 <= x0 <= x1 <= box[2] + 0.01
    assert box[1] - 0.01 <= y0 <= y1 <= box[3] + 0.01
    assert (box[2] - box[0]) * (box[3] - box[1]) < 0.02


def test_words_outside_the_crop_box_are_left_out(make_pdf: Callable[..., Path], tmp_path: Path) -> None:
    with contextlib.closing(pypdfium2.PdfDocument(make_pdf("a.pdf", [["inside", "outside"]]))) as pdf:
        pdf[0].set_cropbox(0, 718, 612, 792)
        pdf.save(tmp_path / "cropped.pdf")
    assert read(tmp_path / "cropped.pdf").text == "inside\n"


def test_words_beyond_the_bound_are_cut_and_counted(make_pdf: Callable[..., Path]) -> None:
    layer = read(make_pdf("a.pdf", [["one two three", "four five"]]), max_words=3)
    assert layer.text == "one two three\n"
    assert len(layer.boxes) == 3
    assert layer.cut == 2


def test_a_page_of_two_hundred_thousand_characters_is_read_up_to_the_bound(tmp_path: Path) -> None:
    canvas = Canvas(str(tmp_path / "big.pdf"), pagesize=(6000, 6000))
    canvas.setFont("Helvetica", 4)
    for row in range(1000):
        canvas.drawString(10, 5900 - 5 * row, "word five " * 20 + f"row{row:05d}")
    canvas.save()
    layer = read(tmp_path / "big.pdf")
    assert len(layer.boxes) == 20_000
    assert layer.cut == 1000 * 41 - 20_000


def test_a_page_without_text_has_no_boxes(make_pdf: Callable[..., Path]) -> None:
    layer = read(make_pdf("a.pdf", [[]]))
    assert (layer.text, layer.boxes.shape) == ("", (0, 4))
