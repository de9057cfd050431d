"""A teacher's scores of a run's pairs: where they are kept, and which teacher gave them."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from docrerank.recipe import fingerprint
from docrerank.records import UserError
from docrerank.runs import Parts, Run

#: Folder of a run that holds a teacher's scores.
FOLDER = "teacher"
#: File in it that names the teacher.
TEACHER = "teacher.json"
#: By query id and page id, in logits.
SoftScores = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class SoftScore:
    """What a teacher says of a pair.

    Attributes:
        query_id: of the query.
        page_id: of the page.
        score: a logit.
        key: hash of both texts, so that a pair is not scored again while they stay.
    """

    query_id: str
    page_id: str
    score: float
    key: str


def soft_parts(run: Run) -> Parts[SoftScore]:
    """The scores, one part for each document that is asked about."""
    return Parts(run.path / FOLDER, SoftScore)


def read_soft(run: Run) -> SoftScores:
    """All scores of the run's teacher.

    Raises:
        UserError: the run has none.
    """
    found: dict[str, dict[str, float]] = defaultdict(dict)
    for row in soft_parts(run).read():
        found[row.query_id][row.page_id] = row.score
    if not found:
        raise UserError(
            f"train.teacher_weight needs a teacher's scores: docrerank label {run.path} --teacher MODEL (or fusion)"
        )
    return found


def read_teacher(run: Run) -> str:
    """The teacher's name; empty if the run has none."""
    try:
        return str(json.loads((run.path / FOLDER / TEACHER).read_text("utf-8"))["name"])
    except (OSError, ValueError, KeyError):
        return ""


def fingerprint_soft(run: Run) -> str:
    """Names all scores that a training may learn from."""
    parts = soft_parts(run)
    return fingerprint([[name, parts.made_from(name)] for name in parts.names()])
