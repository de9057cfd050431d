"""Positives: queries that a page answers, written by a vision-language model (paper, section 2, stage 1)."""

from __future__ import annotations

from docrerank.generation.answers import WrittenQueries
from docrerank.generation.desk import Desk, View
from docrerank.generation.prompt_files import load_prompt
from docrerank.records import Page, Query
from docrerank.records.query import Form

_ASKING = ("what", "which", "who", "whom", "whose", "when", "where", "why", "how", "is", "are", "was", "were", "do")
_TELLING = ("list", "show", "find", "give", "tell", "explain", "describe", "compare", "summarize", "summarise", "name")


async def write_positives(desk: Desk, view: View, page: Page, count: int, subject: str) -> tuple[list[Query], str]:
    """Candidate positives of a page in the model's order, not yet judged; with none, the model's reason.

    Args:
        desk: of the role `positive_writer`.
        view: the page as the model sees it.
        page: the page.
        count: how many are asked for.
        subject: who or what the document is about, and its period; empty if unknown.

    Raises:
        CallFailed: the model gave no usable answer.
    """
    prompt = load_prompt("positives")
    hint = f"\n- The document is about: {subject}." if subject else ""
    answer, _ = await desk.ask(view, prompt.fill(count=str(count), subject=hint), WrittenQueries, page.id)
    written = [
        Query(
            "",
            page.id,
            " ".join(each.query.split()),
            "positive",
            find_form(each.query),
            answer=" ".join(each.answer.split()),
            evidence=" ".join(each.quote.split()),
            writer=desk.sign(prompt.id),
            location=" ".join(each.location.split()),
        )
        for each in answer.queries[:count]
    ]
    return written, " ".join(answer.reason.split())


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
