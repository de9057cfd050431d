"""What a run gives to training: groups to learn from, the dev part that measures, and what is counted of both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from docrerank.mining import find_repeats
from docrerank.records import Page, Query, UserError
from docrerank.runs import Run, Split, split_run
from docrerank.training.dev import DevPart, choose_dev
from docrerank.training.groups import Group, build_groups

if TYPE_CHECKING:
    from docrerank.training.loop import Course


@dataclass(frozen=True, slots=True)
class Material:
    """A run as training sees it.

    Attributes:
        pages: all of the run, by id.
        queries: all of the run.
        split: which pages are learned from.
        groups: of these pages, in the order of training.
        dev: pages and queries that measure.
    """

    pages: Mapping[str, Page]
    queries: tuple[Query, ...]
    split: Split
    groups: tuple[Group, ...]
    dev: DevPart


def gather(run: Run) -> Material:
    """Split the run's pages, build its groups, choose its dev part.

    Raises:
        UserError: there is no group to learn from.
    """
    settings, seed = run.recipe.train, run.recipe.seed
    pages, queries = {page.id: page for page in run.pages.read()}, tuple(run.queries.read())
    split = split_run(run, settings.dev_share)
    groups = tuple(build_groups(queries, run.mined.read(), split.train, settings, seed))
    if not groups and settings.mined_share and not run.mined.names():
        raise UserError(
            f"no mined pages in '{run.path}': docrerank mine {run.path}, or --set train.mined_share=0 to train on "
            "generated groups alone"
        )
    if not groups:
        raise UserError(
            f"nothing to learn from in '{run.path}': more pages, or another train.mined_share, give groups to train on"
        )
    own = [page for page in pages.values() if page.id in split.dev]
    dev = choose_dev(own, queries, settings, seed, find_repeats(run))
    return Material(pages, queries, split, groups, dev)


def count(material: Material, course: Course) -> dict[str, Any]:
    """The stage's counts, as they stand in `run.json`."""
    kinds, start, end = Counter(group.group.kind for group in material.groups), course.start, course.end
    return {
        "groups": len(material.groups),
        "mined_groups": kinds["mined"],
        "generated_groups": kinds["generated"],
        "split_by": material.split.unit,
        "dev_pages": len(material.dev.pages),
        "dev_queries": len(material.dev.queries),
        "steps": course.step,
        "dev_ndcg_untrained": round(start.ndcg, 4),
        "dev_ndcg": round(end.ndcg, 4),
        "dev_accuracy_untrained": round(start.accuracy, 4),
        "dev_accuracy": round(end.accuracy, 4),
        "kept": "trained" if course.best else "untrained",
        "redone": 1,
    }
