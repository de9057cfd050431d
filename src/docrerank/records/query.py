"""A query written for one page, and what a judge said of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["positive", "rephrased", "hard_negative"]
Form = Literal["question", "keywords", "request"]

#: What a hard negative's single edit may change (paper section 2, widened beyond finance).
PROPERTIES = (
    "year",
    "entity",
    "value",
    "metric",
    "unit",
    "segment",
    "region",
    "comparison",
    "granularity",
    "subject",
)

#: The six of them that the paper edits in annual reports.
FINANCE = ("year", "entity", "value", "metric", "subject", "segment")


@dataclass(frozen=True, slots=True)
class Query:
    """One query and its page: answered by it (`positive`, `rephrased`) or not (`hard_negative`).

    Attributes:
        id: `"<page id>#<serial>"`, the same in every run of the same recipe over the same document.
        page_id: the page it was written for.
        text: as a person would ask it.
        kind: `positive`, `rephrased` (a positive in other words) or `hard_negative`.
        form: `question`, `keywords` or `request`.
        source_id: the positive that a rephrasing or a hard negative was made from; empty for a positive.
        answer: the short answer on the page; empty for a hard negative.
        property: the one edited property (see `PROPERTIES`); empty unless `hard_negative`.
        original: the words that the edit took out of the positive; empty unless `hard_negative`.
        edited: the words that it put in.
        evidence: the line or row of the page that the positive was made from.
        writer: which prompt or rule set wrote it, with its version.
        answered_by: ids of other pages of the corpus that answer it: a hard negative is a positive for those.
        level: how far a rephrasing goes from its positive (1 wording, 2 structure, 3 other vocabulary); 0 if unknown.
        location: where on the page the answer stands, in the writer's words ("table, bottom right").
    """

    id: str
    page_id: str
    text: str
    kind: Kind
    form: Form
    source_id: str = ""
    answer: str = ""
    property: str = ""
    original: str = ""
    edited: str = ""
    evidence: str = ""
    writer: str = ""
    answered_by: tuple[str, ...] = ()
    level: int = 0
    location: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One judge's answer to "does this page answer this query?" under one wording of that question.

    Attributes:
        query_id: the query judged.
        page_id: the page it was held against.
        answerable: what the judge said.
        judge: model or rule set, with its version.
        wording: which wording of the question was put (two must agree, paper section 2).
        reason: the judge's ground, in one line.
        prompt: id of the prompt that put the question; empty for rules.
        raw: the model's answer as it came; empty for rules.
        probability: that the page answers the query, of a judge that was asked for one token; None of others.
    """

    query_id: str
    page_id: str
    answerable: bool
    judge: str
    wording: str
    reason: str = ""
    prompt: str = ""
    raw: str = ""
    probability: float | None = None
