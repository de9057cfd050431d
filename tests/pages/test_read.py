from __future__ import annotations

import contextlib
import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pypdfium2
import pytest
from PIL import Image
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

from docrerank.pages import find_documents, read_document
from docrerank.recipe import Ingest, load_recipe
from docrerank.records import Page, Rejected

PLAIN = Ingest(ocr="never")


def read_all(path: Path, ingest: Ingest = PLAIN) -> list[Page | Rejected]:
    return list(read_document(find_documents([path])[0][0], ingest))


def only_reason(path: Path, ingest: Ingest = PLAIN) -> str:
    (row,) = read_all(path, ingest)
    assert isinstance(row, Rejected)
    assert row.detail
    assert "\n" not in row.detail
    return row.reason


def test_a_pdf_becomes_pages_with_words_and_boxes(make_pdf: Callable[..., Path], five_words: list[str]) -> None:
    path = make_pdf("report.pdf", [five_words, five_words])
    first, second = read_all(path)
    assert isinstance(first, Page)
    assert isinstance(second, Page)
    assert (first.id, second.id, first.source) == ("report/1", "report/2", str(path))
    assert (first.width, first.height, first.text_source) == (612, 792, "layer")
    assert first.text == "\n".join(five_words) + "\n"
    assert len(list(first.words())) == len(first.boxes)


def test_an_encrypted_pdf_is_rejected_with_its_reason(tmp_path: Path) -> None:
    canvas = Canvas(str(tmp_path / "locked.pdf"), encrypt=StandardEncryption("secret", ownerPassword="other"))
    canvas.drawString(72, 72, "hidden")
    canvas.save()
    assert only_reason(tmp_path / "locked.pdf") == "encrypted"


def test_a_truncated_pdf_is_rejected_or_keeps_the_pages_it_has(make_pdf: Callable[..., Path]) -> None:
    path = make_pdf("cut.pdf", [["text"]] * 5)
    whole = path.read_bytes()
    for share in (0.02, 0.3, 0.6, 0.95):
        path.write_bytes(whole[: int(len(whole) * share)])
        assert read_all(path)
    path.write_bytes(whole[: int(len(whole) * 0.02)])
    assert only_reason(path) == "damaged"


@pytest.mark.parametrize(("content", "reason"), [(b"", "not a PDF"), (b"PK\x03\x04 a zip", "not a PDF")])
def test_a_file_that_only_ends_in_pdf_is_rejected(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "a.pdf").write_bytes(content)
    assert only_reason(tmp_path / "a.pdf") == reason


def test_a_pdf_of_zero_pages_is_rejected(tmp_path: Path) -> None:
    with contextlib.closing(pypdfium2.PdfDocument.new()) as pdf:
        pdf.save(tmp_path / "none.pdf")
    assert only_reason(tmp_path / "none.pdf") == "no pages"


def test_a_pdf_of_ten_thousand_pages_is_rejected_whole_and_says_how_to_raise_the_bound(tmp_path: Path) -> None:
    with contextlib.closing(pypdfium2.PdfDocument.new()) as pdf:
        for _ in range(10_000):
            pdf.new_page(100, 100).close()
        pdf.save(tmp_path / "long.pdf")
    (row,) = read_all(tmp_path / "long.pdf")
    assert isinstance(row, Rejected)
    assert row.reason == "too many pages"
    assert "--set ingest.max_pages=10000" in row.detail
    assert load_recipe("cpu", ["ingest.max_pages=10000"]).ingest.max_pages == 10_000


def test_a_page_that_cannot_be_read_does_not_take_the_others_with_it(
    make_pdf: Callable[..., Path], five_words: list[str]
) -> None:
    path = make_pdf("a.pdf", [five_words] * 3)
    data = path.read_bytes()
    second = data.index(b"/Type /Page", data.index(b"/Type /Page") + 11)
    path.write_bytes(data[:second] + b"/Type /Junk" + data[second + 11 :])
    rows = read_all(path)
    assert sum(isinstance(row, Page) for row in rows) >= 2
    assert all(row.page_id for row in rows if isinstance(row, Rejected))


def test_a_cut_page_is_kept_and_reported(make_pdf: Callable[..., Path], five_words: list[str]) -> None:
    row, page = read_all(make_pdf("a.pdf", [five_words]), Ingest(ocr="never", max_page_words=3))
    assert isinstance(row, Rejected)
    assert isinstance(page, Page)
    assert (row.reason, row.page_id, len(page.boxes)) == ("too many words", "a/1", 3)


def test_every_frame_of_a_tiff_is_a_page(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (100 + n, 50), "white") for n in range(3)]
    frames[0].save(tmp_path / "fax.tiff", save_all=True, append_images=frames[1:])
    pages = [row for row in read_all(tmp_path / "fax.tiff") if isinstance(row, Page)]
    assert [(page.id, page.width) for page in pages] == [("fax/1", 100), ("fax/2", 101), ("fax/3", 102)]
    rows = read_all(tmp_path / "fax.tiff", Ingest(ocr="never", max_pages=2))
    assert [row.reason for row in rows if isinstance(row, Rejected)] == ["too many pages"]


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "tif"])
def test_each_kind_of_image_is_one_page(tmp_path: Path, suffix: str) -> None:
    Image.new("RGB", (120, 80), "white").save(tmp_path / f"a.{suffix}")
    (page,) = read_all(tmp_path / f"a.{suffix}")
    assert isinstance(page, Page)
    assert (page.width, page.height, page.text_source) == (120, 80, "none")


def test_an_image_of_a_hundred_megapixels_is_rejected_before_it_is_decoded(tmp_path: Path) -> None:
    for side in (10_000, 20_000, 1_000_000):
        (tmp_path / "huge.png").write_bytes(png_header(side))
        assert only_reason(tmp_path / "huge.png") == "too many pixels"
    (tmp_path / "huge.png").write_bytes(png_header(8_000))
    assert only_reason(tmp_path / "huge.png") == "damaged"


def png_header(side: int) -> bytes:
    """A PNG that says how large it is and holds nothing."""
    header = b"IHDR" + struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    end = b"IEND"
    chunks = [struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in (header, end)]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def test_a_damaged_image_and_a_disguised_one_are_rejected(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (200, 200, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "cut.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "cut.png").read_bytes()[:5_000])
    (tmp_path / "page.jpg").write_text("%!PS-Adobe-3.0 EPSF-3.0")
    assert only_reason(tmp_path / "cut.png") == "damaged"
    assert only_reason(tmp_path / "page.jpg") == "damaged"


def test_without_ocr_a_page_is_kept_and_the_missing_extra_is_named(
    monkeypatch: pytest.MonkeyPatch, make_pdf: Callable[..., Path]
) -> None:
    monkeypatch.setattr("docrerank.pages.read.has_ocr", lambda: False)
    row, page = read_all(make_pdf("a.pdf", [["two words"]]), Ingest())
    assert isinstance(row, Rejected)
    assert isinstance(page, Page)
    assert row.reason == "no text layer, OCR not installed"
    assert "docrerank[ocr]" in row.detail
    assert (page.text, page.text_source) == ("two words\n", "layer")


def test_every_handle_is_closed_even_when_the_reader_is_left_early(
    make_pdf: Callable[..., Path], tmp_path: Path
) -> None:
    path = make_pdf("a.pdf", [["text"]] * 3)
    Image.new("RGB", (20, 20)).save(tmp_path / "b.png")
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        for name in (path, tmp_path / "b.png"):
            rows = read_document(find_documents([name])[0][0], PLAIN)
            next(rows)
            rows.close()  # type: ignore[attr-defined]
    assert len(os.listdir("/proc/self/fd")) == before
