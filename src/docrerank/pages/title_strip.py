"""A strip over a page's image that names whose page it is and of when, as in the paper's finance set (section 2)."""

from __future__ import annotations

import re

from PIL import Image, ImageDraw, ImageFont

MAX_CHARACTERS = 120
#: Height of the strip as a share of the page's width, and of the letters as a share of the strip.
STRIP_SHARE, LETTER_SHARE = 0.045, 0.6
MIN_HEIGHT = 16


def name_filing(company: str, period: str) -> str:
    """The line of a strip; empty unless both are known.

    Examples:
        >>> name_filing("Acme Corporation (ACM)", "2019")
        'Acme Corporation, fiscal 2019'
    """
    if not (company and period):
        return ""
    name = re.sub(r" \([A-Z]{1,6}\)$", "", company)
    return f"{name}, {f'fiscal {period}' if period.isdigit() else period}"


def add_title_strip(image: Image.Image, text: str, square: int = 1) -> Image.Image:
    """A page's image with a white strip above it that holds a line of text; the page itself is not changed.

    Args:
        image: an RGB image.
        text: one line; cut where it is longer than 120 characters, set smaller where it is wider than the page.
        square: the strip's height is a multiple of it.

    Returns:
        an RGB image of the same width, higher by the strip.

    Examples:
        >>> add_title_strip(Image.new("RGB", (800, 1000)), "Acme Corporation, fiscal 2019").size
        (800, 1036)
    """
    line = " ".join(text.split())[:MAX_CHARACTERS]
    height = max(MIN_HEIGHT, round(image.width * STRIP_SHARE))
    height = max(square, round(height / square) * square)
    titled = Image.new("RGB", (image.width, image.height + height), "white")
    titled.paste(image, (0, height))
    drawing = ImageDraw.Draw(titled)
    size = height * LETTER_SHARE
    width = drawing.textlength(line, ImageFont.load_default(size))
    font = ImageFont.load_default(min(size, max(4.0, size * 0.95 * image.width / max(width, 1))))
    drawing.text((image.width / 2, height / 2), line, "black", font, anchor="mm")
    drawing.line([(0, height - 1), (image.width, height - 1)], "grey")
    return titled
