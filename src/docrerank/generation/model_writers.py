"""What chat models write (paper, section 2): positives of a page, hard negatives and rephrasings of a positive.

The positive writer sees the page; the others see the positive alone. Nothing of it is judged yet.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from docrerank.generation.clients import RoleClient, View
from docrerank.generation.model_answers import (
    Edited,
    EditedFinance,
    Many,
    Rephrased,
    ShortEdit,
    ShortQuery,
    WrittenQueries,
)
from docrerank.generation.prompt_files import load_prompt
from docrerank.queries import find_edit, make_negative
from docrerank.recipe import Generate
from docrerank.records import Page, Query
from docrerank.records.query import Form
from docrerank.retrieval import years

#: Levels of rephrasing: wording, structure, intent.
LEVELS = 3
_ASKING = ("what", "which", "who", "whom", "whose", "when", "where", "why", "how", "is", "are", "was", "were", "do")
_TELLING = ("list", "show", "find", "give", "tell", "explain", "describe", "compare", "summarize", "summarise", "name")
_EDITS: dict[str, Any] = {"general": Many[Edited], "finance": Many[EditedFinance], "short": Many[ShortEdit]}


async def write_positives(
    client: RoleClient, view: View, page: Page, count: int, subject: str
) -> tuple[list[Query], str]:
    """Candidate positives of a page in the model's order; with none, the model's reason.

    Args:
        client: of the role `positive_writer`.
        view: the page as the model sees it.
        page: the page.
        count: how many are asked for.
        subject: who or what the document is about, and its period; empty if unknown.
    """
    short = client.role.prompt == "short"
    prompt = load_prompt("positives-short" if short else "positives")
    shape: Any = Many[ShortQuery] if short else WrittenQueries
    hint = f"\n- The document is about: {subject}." if subject else ""
    found = await client.ask_for(
        view, lambda count: prompt.fill(count=str(count), subject=hint), shape, count, page.id
    )
    answer = WrittenQueries.model_validate(found.model_dump())
    written = [
        Query(
            "",
            page.id,
            " ".join(each.query.split()),
            "positive",
            find_form(each.query),
            answer=" ".join(each.answer.split()),
            evidence=" ".join(each.quote.split()),
            writer=client.sign(prompt.id),
            location=" ".join(each.location.split()),
        )
        for each in answer.queries[:count]
    ]
    return written, " ".join(answer.reason.split())


async def write_negatives(client: RoleClient, source: Query, recipe: Generate) -> list[Query]:
    """Candidate hard negatives of a positive, each with the property it edits.

    Raises:
        CallFailed: the model gave no usable answer.
    """
    kind = "short" if client.role.prompt == "short" else recipe.taxonomy
    prompt = load_prompt(f"negatives-{kind}")

    def ask(count: int) -> str:
        return prompt.fill(query=source.text, answer=source.answer or "unknown", count=str(count))

    answer = await client.ask_for((), ask, _EDITS[kind], recipe.negative_candidates, source.page_id)
    return [_read_edit(source, each, client.sign(prompt.id)) for each in answer.queries]


def _read_edit(source: Query, each: ShortEdit, writer: str) -> Query:
    text = " ".join(each.query.split())
    original, edited = find_edit(source.text, text)
    if isinstance(each, Edited):
        original, edited = original or each.original, edited or each.edited
    # Small models mislabel their edits: what exchanges a year for a year is `year`, whatever they say.
    name = "year" if years(original) and years(edited) else each.property
    return make_negative(source, text, name, (original, edited), writer)


async def write_rephrasings(client: RoleClient, source: Query) -> list[Query]:
    """Candidate rephrasings of a positive, one for each level.

    Raises:
        CallFailed: the model gave no usable answer.
    """
    prompt = load_prompt("rephrasings-short" if client.role.prompt == "short" else "rephrasings")
    answer = await client.ask_for(
        (), lambda count: prompt.fill(query=source.text, count=str(count)), Many[Rephrased], LEVELS, source.page_id
    )
    by_level = {each.level: " ".join(each.query.split()) for each in reversed(answer.queries)}
    return [
        _rephrase(source, text, level, client.sign(prompt.id))
        for level, text in sorted(by_level.items())
        if text != source.text
    ]


def _rephrase(source: Query, text: str, level: int, writer: str) -> Query:
    form = find_form(text)
    return replace(
        source, id="", text=text, kind="rephrased", form=form, source_id=source.id, level=level, writer=writer
    )


def find_form(text: str) -> Form:
    """Question, request or keywords, by how a query begins and ends.

    Examples:
        >>> find_form("How many?"), find_form("Show net sales"), find_form("net sales 2019")
        ('question', 'request', 'keywords')
    """
    first = text.split(maxsplit=1)[0].lower() if text.split() else ""
    if text.rstrip().endswith(("?", "？")) or first in _ASKING:
        return "question"
    return "request" if first in _TELLING else "keywords"
