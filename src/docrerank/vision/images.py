"""Pages as the user gives them: an image, a file, a `Page` record, or an image with its text."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
from PIL import Image

from docrerank.pages import render
from docrerank.records import Page, UserError, one_line
from docrerank.runs import hash_file
from docrerank.vision.backbone import PageTokens
from docrerank.vision.prompt import Prompt

PageInput: TypeAlias = "Image.Image | Page | str | Path | Mapping[str, Any]"
#: An image file with more pixels is not decoded.
MAX_IMAGE_PIXELS = 80_000_000


@dataclass(frozen=True, slots=True)
class PageSource:
    """A page that is drawn only when its prefix is not stored.

    Attributes:
        key: hash of what is on the page: equal pages are encoded once, however they were given.
        draw: gives the image, in another process too; of a file, drawn at once with sides that are multiples of the
            number it is given.
        text: what goes into the prompt beside the image.
    """

    key: str
    draw: Callable[[int], Image.Image]
    text: str = ""


def open_page(page: PageInput, pixels: int) -> PageSource:
    """Recognise a page.

    Args:
        page: a PIL image, the path of an image, a `Page` (drawn from its file), or
            `{"image": any of these, "text": ...}`.
        pixels: the page's pixel budget: a PDF page is drawn at this size.

    Raises:
        UserError: it is none of these, or the file is missing.
    """
    if isinstance(page, Mapping):
        if "image" not in page:
            raise UserError("a page needs an image: give {'image': ..., 'text': ...}")
        inner = open_page(page["image"], pixels)
        return PageSource(inner.key, inner.draw, str(page.get("text") or ""))
    if isinstance(page, Image.Image):
        return PageSource(_hash_image(page), partial(_give, page))
    if isinstance(page, Page):
        key = "/".join([page.sha256, str(page.number), *([page.strip] if page.strip else [])])
        return PageSource(key, partial(render, page, pixels, MAX_IMAGE_PIXELS))
    return _open_file(page)


def _open_file(page: object) -> PageSource:
    if not isinstance(page, str | os.PathLike):
        raise UserError(f"a page is an image, a path or a Page, not {type(page).__name__}")
    path = Path(page)
    try:
        digest = hash_file(path)
    except (OSError, ValueError) as error:
        raise UserError(f"'{str(page)[:200]}' is not a page: no image file has this name") from error
    if path.suffix.lower() == ".pdf":
        raise UserError(f"'{path}' is a whole PDF: give its Page records (docrerank.pages.read_document)")
    record = Page(path.stem, path.stem, 1, str(path), digest, 1, 1, "", "none", np.zeros((0, 4), np.float32))
    return PageSource(digest, partial(_draw_whole, record))


def _give(image: Image.Image, square: int) -> Image.Image:
    return image


def _draw_whole(record: Page, square: int) -> Image.Image:
    return render(record, MAX_IMAGE_PIXELS, MAX_IMAGE_PIXELS)


def _hash_image(image: Image.Image) -> str:
    digest = hashlib.sha256(f"{image.mode} {image.size} {image.getpalette()}".encode())
    digest.update(image.tobytes())
    return digest.hexdigest()


class ImageReader:
    """Cuts pages into patches within the pixel budget and puts the prompt's prefix around them.

    Args:
        processor: the checkpoint's image processor.
        prompt: its prompt.
    """

    def __init__(self, processor: Any, prompt: Prompt) -> None:
        self.processor = processor
        self.prompt = prompt

    @property
    def pixels(self) -> int:
        """The pixel budget of a page."""
        return int(self.processor.size["longest_edge"])

    @property
    def token_values(self) -> int:
        """Values of the patches that make one visual token."""
        processor = self.processor
        return int(3 * processor.temporal_patch_size * (processor.patch_size * processor.merge_size) ** 2)

    @property
    def page_tokens(self) -> int:
        """Visual tokens of a page at most."""
        return int(self.pixels // (self.processor.patch_size * self.processor.merge_size) ** 2)

    @property
    def page_values(self) -> int:
        """Values of a page's patches at most."""
        return self.page_tokens * self.token_values

    def read(self, page: PageSource, query: str = "") -> PageTokens:
        """Draw a page and cut it up; `query` matters only to prompts that put it in front of the page.

        Raises:
            UserError: the image cannot be read or is too narrow.
        """
        try:
            square = self.processor.patch_size * self.processor.merge_size
            cut = self.processor(images=[page.draw(square)], return_tensors="pt")
        except (OSError, ValueError, SyntaxError, MemoryError, Image.DecompressionBombError) as error:
            raise UserError(f"the image cannot be read ({one_line(error)})") from error
        grid = cut["image_grid_thw"]
        visual = int(grid.prod()) // self.processor.merge_size**2
        ids = self.prompt.prefix_ids(query, self.prompt.clean_page_text(page.text), visual)
        return PageTokens(torch.tensor(ids), cut["pixel_values"], grid)
