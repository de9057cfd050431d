"""Rephrased positives at three levels: wording, structure, intent (paper, section 2)."""

from __future__ import annotations

from dataclasses import replace

from docrerank.generation.answers import Rephrasings
from docrerank.generation.desk import Desk
from docrerank.generation.positives import find_form
from docrerank.generation.prompt_files import load_prompt
from docrerank.records import Query

LEVELS = 3


async def write_rephrasings(desk: Desk, source: Query) -> list[Query]:
    """Candidate rephrasings of a positive, one for each level, not yet judged; a small model gives one, of level 1.

    Raises:
        CallFailed: the model gave no usable answer.
    """
    if desk.role.prompt == "few-shot":
        prompt = load_prompt("rephrasings-few-shot")
        line = " ".join((await desk.complete(prompt.fill(query=source.text), source.page_id)).split())[:400]
        return [_make(source, line, 1, desk.sign(prompt.id))] if line and line != source.text else []
    prompt = load_prompt("rephrasings")
    text = prompt.fill(query=source.text, count=str(LEVELS))
    answer, _ = await desk.ask((), text, Rephrasings, source.page_id)
    by_level = {each.level: " ".join(each.query.split()) for each in reversed(answer.queries)}
    return [
        _make(source, text, level, desk.sign(prompt.id))
        for level, text in sorted(by_level.items())
        if text != source.text
    ]


def _make(source: Query, text: str, level: int, writer: str) -> Query:
    form = find_form(text)
    return replace(
        source, id="", text=text, kind="rephrased", form=form, source_id=source.id, level=level, writer=writer
    )
