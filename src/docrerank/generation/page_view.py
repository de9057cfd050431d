"""How a page is shown to a model: its image, drawn once for all calls that carry it, or its text."""

from __future__ import annotations

from docrerank.chat import Image
from docrerank.generation.clients import View
from docrerank.pages import DrawingPool
from docrerank.recipe import Role
from docrerank.records import Page

#: Characters of a page's text that a model is shown: about 4,000 tokens.
MAX_TEXT = 16_000


async def show_page(page: Page, role: Role, pool: DrawingPool, strip: str = "") -> View:
    """A page as this role sees it, with a title strip over it if one is given.

    Raises:
        PageNotDrawn: it cannot be drawn.
    """
    if role.sees == "text":
        return (show_text(page, strip),)
    return (Image.encode(await pool.draw_beside(page, role.image_pixels, strip)),)


def show_text(page: Page, strip: str = "") -> str:
    """A page's text between marks that it cannot close, cut where it is longer than a model should read."""
    text = page.text[:MAX_TEXT].replace("</page>", "< /page>").encode("utf-8", "replace").decode("utf-8")
    lines = ["<page>", *([strip] if strip else []), text.rstrip("\n"), "</page>", ""]
    return "\n".join(lines)
