"""Hard negatives: near misses of a positive, written by a text model that does not see the page (section 2)."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from docrerank.generation.answers import TAXONOMIES, Edited, FinanceNegatives, GeneralNegatives
from docrerank.generation.desk import CallFailed, Desk
from docrerank.generation.prompt_files import load_examples, load_prompt
from docrerank.queries import find_edit
from docrerank.recipe import Generate
from docrerank.records import Query

_SHAPES: dict[str, type[GeneralNegatives] | type[FinanceNegatives]] = {
    "general": GeneralNegatives,
    "finance": FinanceNegatives,
}


async def write_negatives(desk: Desk, source: Query, recipe: Generate) -> list[Query]:
    """Candidate hard negatives of a positive, each with the property it edits; not yet judged.

    Raises:
        CallFailed: the model gave no usable answer.
    """
    if desk.role.prompt == "few-shot":
        return await _continue_examples(desk, source, recipe)
    prompt = load_prompt(f"negatives-{recipe.taxonomy}")
    text = prompt.fill(query=source.text, answer=source.answer or "unknown", count=str(recipe.negative_candidates))
    answer, _ = await desk.ask((), text, _SHAPES[recipe.taxonomy], source.page_id)
    return [_make(source, each, desk.sign(prompt.id)) for each in answer.queries[: recipe.negative_candidates]]


def _make(source: Query, each: Edited, writer: str) -> Query:
    text = " ".join(each.query.split())
    original, edited = find_edit(source.text, text)
    return _negative(source, text, each.property, (original or each.original, edited or each.edited), writer)


def _negative(source: Query, text: str, name: str, edit: tuple[str, str], writer: str) -> Query:
    return replace(
        source,
        id="",
        text=text,
        kind="hard_negative",
        source_id=source.id,
        answer="",
        property=name,
        original=edit[0],
        edited=edit[1],
        location="",
        answered_by=(),
        writer=writer,
    )


async def _continue_examples(desk: Desk, source: Query, recipe: Generate) -> list[Query]:
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
    lines = await asyncio.gather(*(_complete(desk, text, source.page_id) for text in texts))
    found = []
    for name, line in zip(names, lines, strict=True):
        if line:
            found.append(_negative(source, line, name, find_edit(source.text, line), desk.sign(prompt.id)))
    return found


async def _complete(desk: Desk, prompt: str, group: str) -> str:
    """A line, or nothing: one property without an answer leaves the others."""
    try:
        return " ".join((await desk.complete(prompt, group)).split())[:400]
    except CallFailed as failed:
        if failed.passing:
            raise
        return ""
