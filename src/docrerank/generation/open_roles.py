"""The four roles on one document, each done by its rules or by a chat model (paper, section 2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from docrerank.chat import Image
from docrerank.generation.clients import RoleClient, View
from docrerank.generation.judging import Judge
from docrerank.generation.model_writers import write_negatives, write_positives, write_rephrasings
from docrerank.pages import DrawingPool
from docrerank.queries import Rules
from docrerank.recipe import Generate, Recipe, Role
from docrerank.records import Page, Query

#: Characters of a page's text that a model is shown: about 4,000 tokens.
MAX_TEXT = 16_000


@dataclass(frozen=True, slots=True)
class Roles:
    """Who writes and judges the queries of a document.

    Attributes:
        recipe: the section `generate`.
        rules: of the document; they do the roles that have no client.
        clients: of the roles that chat models do, by name.
        pool: draws pages.
        subject: company and period, or title, of the document; empty if unknown.
    """

    recipe: Generate
    rules: Rules
    clients: Mapping[str, RoleClient]
    pool: DrawingPool
    subject: str = ""

    @property
    def reads_text(self) -> bool:
        """Whether the positive writer sees nothing of a page but its text."""
        client = self.clients.get("positive_writer")
        return client is None or client.role.sees == "text"

    async def write_positives(self, page: Page) -> tuple[list[Query], str]:
        """Candidate positives of a page, best first; with none, the reason if the writer gave one."""
        client = self.clients.get("positive_writer")
        if client is None:
            return list(self.rules.positives(page)), ""
        if self.reads_text and not page.text.strip():
            return [], ""
        count = self.recipe.positive_candidates or 2 * self.recipe.positives_per_page
        return await write_positives(client, await self._show(page, client), page, count, self.subject)

    async def write_negatives(self, source: Query) -> list[Query]:
        """Candidate hard negatives of a positive."""
        client = self.clients.get("negative_writer")
        return await write_negatives(client, source, self.recipe) if client else self.rules.negatives(source)

    async def write_rephrasings(self, source: Query) -> list[Query]:
        """Candidate rephrasings of a positive."""
        client = self.clients.get("rephraser")
        return await write_rephrasings(client, source) if client else self.rules.rephrasings(source)

    async def seat_judge(self, page: Page) -> Judge:
        """The judge with the page before it."""
        client = self.clients.get("judge")
        return Judge(client, self.rules, await self._show(page, client) if client else ())

    async def _show(self, page: Page, client: RoleClient) -> View:
        return await show_page(page, client.role, self.pool)


def open_roles(pages: Sequence[Page], recipe: Recipe, clients: Mapping[str, RoleClient], pool: DrawingPool) -> Roles:
    """The roles on a document.

    Args:
        pages: all its pages, in order.
        recipe: of the run.
        clients: of the roles that chat models do.
        pool: draws pages for them.
    """
    rules = Rules(pages, recipe.generate, recipe.seed)
    if not clients:
        return Roles(recipe.generate, rules, clients, pool)
    period = pages[0].period if pages else ""
    period = f"fiscal {period}" if period.isdigit() else period
    subject = ", ".join(part for part in (rules.owner, period) if part)
    return Roles(recipe.generate, rules, clients, pool, subject)


async def show_page(page: Page, role: Role, pool: DrawingPool) -> View:
    """A page as this role sees it, under its title strip if it has one.

    Raises:
        PageNotDrawn: it cannot be drawn.
    """
    if role.sees == "text":
        return (show_text(page),)
    return (Image.encode(await pool.draw(page, role.image_pixels)),)


def show_text(page: Page) -> str:
    """A page's text between marks that it cannot close, cut where it is longer than a model should read."""
    text = page.text[:MAX_TEXT].replace("</page>", "< /page>").encode("utf-8", "replace").decode("utf-8")
    lines = ["<page>", *([page.strip] if page.strip else []), text.rstrip("\n"), "</page>", ""]
    return "\n".join(lines)
