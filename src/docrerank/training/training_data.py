"""What a run gives to training: groups to learn from, the dev part that measures, and what is counted of both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from docrerank.pages import find_repeats
from docrerank.records import Page, UserError
from docrerank.runs import Run, Split, split_run
from docrerank.training.dev_part import DevPart, Place, choose_dev, draw_pages
from docrerank.training.teacher import SoftScores, read_soft
from docrerank.training.training_groups import Group, build_groups, read_families

if TYPE_CHECKING:
    from docrerank.training.loop import Course


@dataclass(frozen=True, slots=True)
class Material:
    """A run as training sees it; of a large run only what is learned from and what measures is held.

    Attributes:
        pages: those of the groups, by id.
        split: which pages may be learned from.
        groups: of these pages, in the order of training.
        dev: pages and queries that measure.
        soft: a teacher's scores, by query and page.
    """

    pages: Mapping[str, Page]
    split: Split
    groups: tuple[Group, ...]
    dev: DevPart
    soft: SoftScores = field(default_factory=dict)


def gather(run: Run) -> Material:
    """Split the run's pages, build its groups, choose its dev part.

    Raises:
        UserError: the run was never mined, though its recipe wants mined groups.
    """
    settings, seed = run.recipe.train, run.recipe.seed
    split = split_run(run, settings.dev_share)
    groups = tuple(build_groups(read_families(run, split.train), settings, seed))
    if not groups and settings.mined_share and not run.mined.names():
        raise UserError(
            f"no mined pages in '{run.path}': docrerank mine {run.path}, or --set train.mined_share=0 to train on "
            "generated groups alone"
        )
    soft = read_soft(run) if settings.teacher_weight else {}
    taught = {page for group in groups for page in soft.get(group.ids[0], {}) if page in split.train}
    pages = read_pages(run, taught.union(*(group.group.pages for group in groups)))
    return Material(pages, split, groups, _gather_dev(run, split), soft)


def _gather_dev(run: Run, split: Split) -> DevPart:
    settings, seed = run.recipe.train, run.recipe.seed
    columns = (run.pages.column(name) for name in ("id", "document", "source"))
    places = map(Place, *columns)
    chosen = draw_pages((place for place in places if place.id in split.dev), settings.dev_pages, seed)
    found = read_pages(run, chosen)
    pages = [replace(found[page], document=document) for page, document in chosen.items()]
    queries = run.queries.read(*documents_of(chosen)) if chosen else ()
    return choose_dev(pages, queries, settings, seed, find_repeats(run))


def read_pages(run: Run, ids: Collection[str]) -> dict[str, Page]:
    """Pages by id; those of one document are held at once."""
    return {page.id: page for name in documents_of(ids) for page in run.pages.read(name) if page.id in ids}


def documents_of(pages: Iterable[str]) -> list[str]:
    """The documents of pages, by their ids, each once and in order."""
    return sorted({page.rpartition("/")[0] for page in pages})


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
