"""What an arm learns from, counted: groups, negatives, rephrased positives, negatives that the judge turned down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from docrerank.runs import Run, split_run
from docrerank.training import Group, build_groups, read_families


@dataclass(frozen=True, slots=True)
class Learned:
    """The training groups of an arm in figures.

    Attributes:
        groups: how many.
        negatives: of a group, on average; fewer than asked for where pages give no more.
        rephrased: share of groups whose positive is rephrased.
        turned_down: share of the generated negatives that the judge says their page answers; None if some have no
            verdict, or there are none.
    """

    groups: int = 0
    negatives: float = 0.0
    rephrased: float = 0.0
    turned_down: float | None = None


def build_arm(run: Run) -> list[Group]:
    """The training groups of an arm's run, as its training builds them."""
    recipe = run.recipe
    split = split_run(run, recipe.train.dev_share)
    return build_groups(read_families(run, split.train), recipe.train, recipe.seed)


def describe_learned(run: Run) -> Learned:
    """Count what an arm's run learns from."""
    groups = build_arm(run)
    if not groups:
        return Learned()
    rephrased = {(query.page_id, query.text) for query in run.queries.read() if query.kind == "rephrased"}
    negatives = sum(len(one.group.queries) + len(one.group.pages) - 2 for one in groups)
    reworded = sum((one.group.pages[0], one.group.queries[0]) in rephrased for one in groups)
    return Learned(len(groups), negatives / len(groups), reworded / len(groups), _share_turned_down(run, groups))


def _share_turned_down(run: Run, groups: Sequence[Group]) -> float | None:
    said: dict[str, bool] = {}
    for verdict in run.verdicts.read():
        said[verdict.query_id] = said.get(verdict.query_id, False) or verdict.answerable
    judged = {
        (query.page_id, query.text): said.get(query.id)
        for query in run.queries.read()
        if query.kind == "hard_negative"
    }
    asked = [judged.get((one.group.pages[0], text)) for one in groups for text in one.group.queries[1:]]
    known = [answered for answered in asked if answered is not None]
    return sum(known) / len(known) if known and len(known) == len(asked) else None
