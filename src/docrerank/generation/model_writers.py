"""What chat models write (paper, section 2): positives of a page, hard negatives and rephrasings of a positive.

The positive writer sees the page; the others see the positive alone. Nothing of it is judged yet.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from docrerank.generation.answers import (
    TAXONOMIES,
    Edited,
    FinanceNegatives,
    GeneralNegatives,
    Rephrasings,
    WrittenQueries,
)
from docrerank.generation.clients import CallFailed, RoleClient, View
from docrerank.generation.prompt_files import load_examples, load_prompt
from docrerank.queries import find_edit, make_negative
from docrerank.recipe import Generate
from docrerank.records import Page, Query
from docrerank.records.query import Form

#: Levels of rephrasing: wording, structure, intent.
LEVELS = 3
_ASKING = ("what", "which", "who", "whom", "whose", "when", "where", "why", "how", "is", "are", "was", "were", "do")
_TELLING = ("list", "show", "find", "give", "tell", "explain", "describe", "compare", "summarize", "summarise", "name")
_NEGATIVES: dict[str, type[GeneralNegatives] | type[FinanceNegatives]] = {
    "general": GeneralNegatives,
    "finance": FinanceNegatives,
}


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

    Raises:
        CallFailed: the model gave no usable answer.
    """
    prompt = load_prompt("positives")
    hint = f"\n- The document is about: {subject}." if subject else ""
    answer, _ = await client.ask(view, prompt.fill(count=str(count), subject=hint), WrittenQueries, page.id)
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
    if client.role.prompt == "few-shot":
        return await _continue_examples(client, source, recipe)
    prompt = load_prompt(f"negatives-{recipe.taxonomy}")
    text = prompt.fill(query=source.text, answer=source.answer or "unknown", count=str(recipe.negative_candidates))
    answer, _ = await client.ask((), text, _NEGATIVES[recipe.taxonomy], source.page_id)
    return [_read_edit(source, each, client.sign(prompt.id)) for each in answer.queries[: recipe.negative_candidates]]


def _read_edit(source: Query, each: Edited, writer: str) -> Query:
    text = " ".join(each.query.split())
    original, edited = find_edit(source.text, text)
    return make_negative(source, text, each.property, (original or each.original, edited or each.edited), writer)


async def _continue_examples(client: RoleClient, source: Query, recipe: Generate) -> list[Query]:
    """One line for each property of the taxonomy: a small model copies instructions, but continues examples."""
    names = TAXONOMIES[recipe.taxonomy][: recipe.negative_candidates]
    prompt, examples = load_prompt("negatives-few-shot"), load_examples()
    texts = [
        prompt.fill(
            property=name,
            query=source.text,
            examples="".join(f"Question: {a}\nOther {name}: {b}\n\n" for a, b in examples[name]).rstrip("\n") + "\n",
        )
        for name in names
    ]
    lines = await asyncio.gather(*(_complete(client, text, source.page_id) for text in texts))
    found = []
    for name, line in zip(names, lines, strict=True):
        if line:
            found.append(make_negative(source, line, name, find_edit(source.text, line), client.sign(prompt.id)))
    return found


async def _complete(client: RoleClient, prompt: str, group: str) -> str:
    """A line, or nothing: one property without an answer leaves the others."""
    try:
        return " ".join((await client.complete(prompt, group)).split())[:400]
    except CallFailed as failed:
        if failed.passing:
            raise
        return ""


async def write_rephrasings(client: RoleClient, source: Query) -> list[Query]:
    """Candidate rephrasings of a positive, one for each level; a small model gives one, of level 1.

    Raises:
        CallFailed: the model gave no usable answer.
    """
    if client.role.prompt == "few-shot":
        prompt = load_prompt("rephrasings-few-shot")
        line = " ".join((await client.complete(prompt.fill(query=source.text), source.page_id)).split())[:400]
        return [_rephrase(source, line, 1, client.sign(prompt.id))] if line and line != source.text else []
    prompt = load_prompt("rephrasings")
    text = prompt.fill(query=source.text, count=str(LEVELS))
    answer, _ = await client.ask((), text, Rephrasings, source.page_id)
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

    Example:
        >>> find_form("How many?"), find_form("Show net sales"), find_form("net sales 2019")
        ('question', 'request', 'keywords')
    """
    first = text.split(maxsplit=1)[0].lower() if text.split() else ""
    if text.rstrip().endswith(("?", "？")) or first in _ASKING:
        return "question"
    return "request" if first in _TELLING else "keywords"
