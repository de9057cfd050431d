"""The `generate` stage: the queries of every document, by rules, by models, or by both."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from docrerank.chat import Budget
from docrerank.generation.call_plan import plan_calls
from docrerank.generation.clients import model_roles
from docrerank.generation.corpus import is_gated, pass_corpus_gates
from docrerank.generation.documents import write_documents
from docrerank.generation.fingerprints import (
    STAGE,
    open_stage,
)
from docrerank.recipe import Generate
from docrerank.runs import Run, Stage

logger = logging.getLogger(__name__)
#: Words of an opening, and openings that `run.json` shows.
OPENING_WORDS, SHOWN = 2, 8


def generate(
    run: Run, progress: Callable[[int, int], None] = lambda done, total: None, budget: Budget | None = None
) -> dict[str, Any]:
    """Write the queries of every document whose part is missing or was made from something else.

    Args:
        run: a run whose pages are ingested; its recipe says who does which role.
        progress: called with (pages done, pages to do).
        budget: what models may cost in this call; None for no cap.

    Returns:
        Counts of the stage, as they stand in `run.json`.

    Raises:
        UserError: an endpoint is gone, a key is wrong, the budget is reached; the same command goes on from there.

    Examples:
        >>> generate(Run.open("RUN"))["positive"]  # doctest: +SKIP
        1585
    """
    stage = open_stage(run)
    todo = stage.todo()
    _forget_removed(stage)
    if not todo and is_gated(run):
        return {**count(run), "documents_redone": 0}
    for line in warn(run.recipe.generate):
        logger.warning(line)
    with stage.record() as counts:
        if model_roles(run.recipe.generate):
            counts["plan"] = plan_calls(run, sum(run.pages.count(name) for name in todo)).summary()
        if todo and (usage := write_documents(stage, todo, progress, budget or Budget())):
            counts["usage"] = usage
        pass_corpus_gates(run)
        counts.update(count(run), documents=len(run.pages.names()), documents_redone=len(todo))
        counts["monotony"] = describe_monotony(query.text for query in run.queries.read() if query.kind == "positive")
    return {name: value for name, value in counts.items() if name not in ("plan", "usage", "monotony")}


def _forget_removed(stage: Stage) -> None:
    """Delete the parts of documents that have left the run."""
    run = stage.run
    for parts in (run.queries, run.verdicts, run.rejected(STAGE)):
        parts.keep_only(run.pages.names())
    stage.forget_others()


def warn(recipe: Generate) -> list[str]:
    """What of a recipe is allowed but unwise, a line each."""
    roles = model_roles(recipe)
    writer, judge = roles.get("positive_writer"), roles.get("judge")
    if writer and judge and (writer.model, writer.base_url) == (judge.model, judge.base_url):
        return [
            f"{judge.model} judges what it wrote itself: another model finds more of its mistakes (generate.judge)"
        ]
    return []


def count(run: Run) -> dict[str, Any]:
    """How many queries of each kind and property there are, and why others were left out."""
    kinds: Counter[str] = Counter()
    properties: Counter[str] = Counter()
    for query in run.queries.read():
        kinds[query.kind] += 1
        properties[query.property] += query.kind == "hard_negative"
        kinds["answered elsewhere"] += query.kind == "hard_negative" and bool(query.answered_by)
    reasons = Counter(row.reason for row in run.rejected(STAGE).read())
    del properties[""]
    return {
        **{name: number for name, number in kinds.items() if number},
        "negatives_by_property": dict(properties.most_common()),
        "rejected": dict(reasons.most_common()),
    }


def describe_monotony(texts: Iterable[str]) -> dict[str, Any]:
    """How uniform queries are: a writer falls into a groove, and a reranker then learns the groove.

    Returns:
        `queries`; `type_token_ratio` (different words by all words); `different_openings` (different first two words
        by queries); `openings`, the commonest with their shares; `words`, the mean length.

    Examples:
        >>> describe_monotony(["What is the total?", "What is the mean?"])["different_openings"]
        0.5
    """
    words: Counter[str] = Counter()
    openings: Counter[str] = Counter()
    count = 0
    for text in texts:
        tokens = text.lower().rstrip("?.! ").split()
        words.update(tokens)
        openings[" ".join(tokens[:OPENING_WORDS])] += 1
        count += 1
    total = max(1, sum(words.values()))
    return {
        "queries": count,
        "words": round(sum(words.values()) / max(1, count), 2),
        "type_token_ratio": round(len(words) / total, 4),
        "different_openings": round(len(openings) / max(1, count), 4),
        "openings": {name: round(n / max(1, count), 4) for name, n in openings.most_common(SHOWN)},
    }
