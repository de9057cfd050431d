from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from docrerank.pages import PageDrawer, draw_jpeg, find_image_suffix, read_files
from docrerank.records import UserError


def test_a_worker_draws_what_is_drawn_here_and_tells_what_it_cannot_draw(
    tmp_path: Path, write_pdf: Callable[..., Path]
) -> None:
    page = read_files([write_pdf(tmp_path / "a.pdf", ["Net sales rose"])])[0][0]
    drawer = PageDrawer(1)
    try:
        assert drawer.draw(page, 60_000).result() == draw_jpeg(page, 60_000)
        with pytest.raises(UserError, match=r"gone\.pdf"):
            drawer.draw(replace(page, source=str(tmp_path / "gone.pdf")), 60_000).result()
    finally:
        drawer.close()


@pytest.mark.parametrize(("kind", "suffix"), [("PNG", ".png"), ("JPEG", ".jpg"), ("WEBP", ".webp"), ("TIFF", ".tiff")])
def test_images_are_known_by_their_first_bytes(kind: str, suffix: str) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (4, 4)).save(buffer, kind)
    assert find_image_suffix(buffer.getvalue()) == suffix


def test_what_is_no_image_has_no_suffix() -> None:
    assert find_image_suffix(b"%PDF-1.7") == find_image_suffix(b"") == find_image_suffix(b"GIF89a") == ""
