"""mteb's tasks by name: ViDoRe V1 to V3.1, the reranking set, REAL-MM-RAG at every rephrase level, or any other."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from docrerank.evaluation.benchmark import LEVELS, explain_absence, find_copy, is_hub_name, preparing
from docrerank.recipe.extras import require
from docrerank.records import UserError

REAL_MM_RAG = "REAL-MM-RAG"
REPHRASED = tuple(f"RealMMRAG{part}Retrieval" for part in ("FinReport", "FinSlides", "TechReport", "TechSlides"))
#: The level that mteb's own tasks ask.
OWN_LEVEL = 3


def find_tasks(name: str, levels: Sequence[int] = ()) -> list[Any]:
    """The tasks that a name stands for; none if it is the name of a data set.

    Args:
        name: of a task or a benchmark of mteb, or `REAL-MM-RAG` for its four tasks.
        levels: rephrase levels of REAL-MM-RAG's tasks; all four if empty. Level 3 is mteb's own task.

    Raises:
        UserError: mteb knows no such name.
        MissingExtra: mteb is not installed.
    """
    if is_hub_name(name) or name.startswith((".", "/")):
        return []
    mteb = require("mteb", extra="bench")
    four = name.lower() == REAL_MM_RAG.lower()
    found = [mteb.get_task(task) for task in REPHRASED] if four else _find(mteb, name)
    return [each for task in found for each in _at_levels(task, levels)]


def load_task(task: Any, data: Path) -> None:
    """Load a task's data, from a local copy if there is one.

    Args:
        task: of mteb.
        data: local copies stand in `<data>/<org>/<name>`.

    Raises:
        UserError: the data is neither there nor in the hub's cache, and the hub is out of reach.
    """
    require("datasets", extra="bench").disable_progress_bars()
    path, revision = task.metadata.dataset["path"], task.metadata.dataset.get("revision")
    copy = find_copy(path, data)
    if copy is not None:
        moved = {**task.metadata.dataset, "path": str(copy)}
        task.metadata = task.metadata.model_copy(update={"dataset": moved})
    try:
        with preparing(copy):
            task.load_data()
            task.convert_v1_dataset_format_to_v2(num_proc=None)
    except Exception as error:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        if copy is not None:
            raise UserError(f"mteb cannot read the copy of '{path}' in '{copy}': {reason}") from error
        raise UserError(f"{task.metadata.name}: {explain_absence(path, revision, data, reason)}") from error
    task.data_loaded = True


def _find(mteb: Any, name: str) -> list[Any]:
    known = {each.name.lower(): each for each in mteb.get_benchmarks()}
    known |= {alias.lower(): each for each in known.values() for alias in (each.aliases or ())}
    if name.lower() in known:
        return list(known[name.lower()].tasks)
    try:
        return [mteb.get_task(name)]
    except (KeyError, ValueError) as error:
        raise UserError(
            f"'{name}' is no folder, no data set's name (org/name), and no task or benchmark of mteb, such as "
            f"'ViDoRe(v2)', 'ViDoRe(v3.1, reranking)', '{REAL_MM_RAG}' or 'VidoreDocVQARetrieval'"
        ) from error


def _at_levels(task: Any, levels: Sequence[int]) -> list[Any]:
    if task.metadata.name not in REPHRASED:
        return [task]
    return [task if level == OWN_LEVEL else rephrase(type(task), level)() for level in levels or LEVELS]


def rephrase(task: type[Any], level: int) -> type[Any]:
    """A REAL-MM-RAG task that asks its questions at another level: 0 as first asked, 1 to 3 ever further from it.

    Returns:
        a task class of the name `<task>.level<n>`, else as mteb's own.
    """
    column = f"rephrase_level_{level}" if level else "query"

    def load_data(self: Any, num_proc: int | None = None, **kwargs: Any) -> None:
        task.load_data(self, num_proc, **kwargs)
        datasets = require("datasets", extra="bench")
        for splits in self.dataset.values():
            for split, content in splits.items():
                place = self.metadata.dataset
                rows = datasets.load_dataset(place["path"], "queries", split=split, revision=place["revision"])
                texts = dict(zip(map(str, rows["query-id"]), rows[column], strict=True))
                ids = list(content["queries"]["id"])
                content["queries"] = datasets.Dataset.from_dict({"id": ids, "text": [texts[each] for each in ids]})

    name = f"{task.metadata.name}.level{level}"
    metadata = task.metadata.model_copy(update={"name": name, "adapted_from": [task.metadata.name]})
    return type(name, (task,), {"metadata": metadata, "load_data": load_data})
