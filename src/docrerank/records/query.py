"""A query written for one page, and a judge's verdict on it."""

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

#: The six that the paper edits in annual reports.
FINANCE = ("year", "entity", "value", "metric", "subject", "segment")


@dataclass(frozen=True, slots=True)
class Query:
    """A query and its page, which answers it (`positive`, `rephrased`) or not (`hard_negative`).

    Attributes:
        id: `"<page id>#<serial>"`, the same in every run of the same recipe over the same document.
        page_id: the page it was written for.
        text: as a person would ask it.
        kind: `positive`, `rephrased` (a positive in other words) or `hard_negative`.
        form: `question`, `keywords` or `request`.
        source_id: the positive that a rephrasing or a hard negative was made from; empty for a positive.
        answer: the short answer on the page; empty for a hard negative.
        property: the one edited property (see `PROPERTIES`); empty unless `hard_negative`.
        original: the words that the edit removed from the positive; empty unless `hard_negative`.
        edited: the words that replaced them.
        evidence: the line or row of the page behind the positive.
        writer: the prompt or rule set that wrote it, with its version.
        answered_by: ids of other pages that answer it: for those, a hard negative is a positive.
        level: how far a rephrasing is from its positive (1 wording, 2 structure, 3 other vocabulary); 0 if unknown.
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
        page_id: the page it was judged against.
        answerable: what the judge said.
        judge: model or rule set, with its version.
        wording: the wording of the question (two must agree, paper section 2).
        reason: the judge's reason, in one line.
        prompt: id of the prompt that asked; empty for rules.
        raw: the model's raw answer; empty for rules.
        probability: of a yes, if the judge was asked for one token; else None.
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
