"""The `train` stage for a vision-language base: from queries and mined pages to RUN/model."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from docrerank.recipe import Recipe
from docrerank.records import Page, Query, Rejected, TrainingGroup, UserError
from docrerank.reranker import ModelCard
from docrerank.reranker.vision import save_reranker
from docrerank.reranker.vision.load import Parts
from docrerank.runs import Run, write_text
from docrerank.training.deliver import take_place
from docrerank.training.dev import DevPart, DevScores, choose_dev
from docrerank.training.groups import build_groups
from docrerank.training.loop import Progress
from docrerank.training.split import Split, split_pages
from docrerank.training.vision.adapt import load_learner, put_weights
from docrerank.training.vision.card import write_card
from docrerank.training.vision.dev import find_threshold, plan_dev
from docrerank.training.vision.loop import Material, VisionTrainer
from docrerank.training.vision.processes import Processes
from docrerank.training.vision.sharding import shard

STAGE = "train"


def train_vision(
    run: Run, origin: str, folder: Path, progress: Callable[[int, int], None] = lambda done, total: None
) -> dict[str, Any]:
    """Train `train.base` on the run's groups; the first process writes RUN/model and the curves.

    Args:
        run: a run whose queries are generated and mined.
        origin: fingerprint of all that the model depends on.
        folder: where checkpoint and curves stand.
        progress: called with (steps done, steps in all).

    Returns:
        Counts of the stage.

    Raises:
        UserError: there is nothing to learn from, or the base cannot be trained.
    """
    pages, queries = list(run.pages.read()), list(run.queries.read())
    split = split_pages(pages, run.recipe.train.dev_share, run.recipe.seed)
    groups, dev = prepare(run, pages, queries, split)
    processes, recipe, rate = Processes.join(), run.recipe, run.recipe.train.false_answer_rate
    parts = load_shared(recipe, processes)
    material = Material(groups, {page.id: page for page in pages}, plan_dev(dev, recipe.vision.dev_candidates))
    trainer = VisionTrainer(parts, material, recipe, folder / "checkpoint.pt", origin, processes)
    state = trainer.run(progress)
    counts = _count(split, groups, dev, state)
    lost = processes.join_notes(trainer.unreadable)
    if not processes.rank:
        write_text(folder / "curves.json", json.dumps(state.curves) + "\n")
        card = write_card(run, pages, queries, find_ends(state), {**counts, "made_from": origin})
        run.rejected(STAGE).write(STAGE, list_rejected(lost), origin)
        threshold = None if trainer.sharded else find_threshold(trainer.reranker, dev, material.dev, rate)
        described = ModelCard(made_from=origin, relevance_threshold=threshold)
        deliver(finish(trainer, state), recipe.vision.save == "merged", card, described, run.model)
        trainer.checkpoint.unlink(missing_ok=True)
    processes.leave()
    return counts


def prepare(
    run: Run, pages: Sequence[Page], queries: Sequence[Query], split: Split
) -> tuple[list[TrainingGroup], DevPart]:
    """What is learned from and what measures it.

    Raises:
        UserError: there is no group to learn from.
    """
    settings, seed = run.recipe.train, run.recipe.seed
    groups = build_groups(queries, run.mined.read(), split.train, settings, seed)
    if not groups:
        raise UserError(
            f"nothing to learn from in '{run.path}': more pages, or another train.mined_share, give groups to train on"
        )
    dev = choose_dev([page for page in pages if page.id in split.dev], queries, settings, seed)
    return [group.group for group in groups], dev


def load_shared(recipe: Recipe, processes: Processes) -> Parts:
    """The model that learns, its weights cut over the processes if the recipe says so and there are several.

    Raises:
        UserError: the base cannot be loaded or trained as the recipe says.
    """
    if recipe.vision.attention == "flex" and processes.device == "cpu":
        raise UserError("FlexAttention has no gradients on a processor: set vision.attention=sdpa")
    if recipe.vision.sharding == "none" or processes.world == 1:
        return load_learner(recipe.train.base, recipe.vision, processes.device, recipe.seed)
    vision = recipe.vision
    if vision.precision == "auto" and processes.device != "cpu":
        vision = vision.model_copy(update={"precision": "bfloat16"})
    parts = load_learner(recipe.train.base, vision, "cpu", recipe.seed)
    shard(parts.model, processes)
    return parts


def finish(trainer: VisionTrainer, state: Progress) -> Parts:
    """The model as it is delivered; where weights are cut, a whole one in host memory that takes the best ones."""
    if not trainer.sharded:
        return trainer.parts
    recipe = trainer.recipe
    parts = load_learner(recipe.train.base, recipe.vision, "cpu", recipe.seed)
    put_weights(parts.model, {**trainer.start, **state.best})
    return parts


def list_rejected(unreadable: Mapping[str, str]) -> list[Rejected]:
    """The pages that no step could use, in the order of their ids."""
    reason = "page cannot be drawn"
    return [Rejected(STAGE, page, reason, detail, page) for page, detail in sorted(unreadable.items())]


def deliver(parts: Parts, merged: bool, readme: str, card: ModelCard, target: Path) -> None:
    """Save beside `target`, then let it take its place; `docrerank.json` says what the model was made from."""
    with take_place(target) as partial:
        save_reranker(parts, partial, readme, merged=merged)
        card.write(partial)


def find_ends(state: Progress) -> tuple[DevScores, DevScores]:
    """The dev scores of the start and of what is delivered."""
    measured = zip(state.curves["dev"], state.curves["dev_loss"], strict=True)
    rows = [DevScores(ndcg, accuracy, loss) for (_, ndcg, accuracy), loss in measured]
    best = next((row for row in rows[1:] if row.loss == state.best_loss), rows[0]) if state.best else rows[0]
    return rows[0], best


def _count(split: Split, groups: Sequence[TrainingGroup], dev: DevPart, state: Progress) -> dict[str, Any]:
    kinds, (start, end) = Counter(group.kind for group in groups), find_ends(state)
    return {
        "groups": len(groups),
        "mined_groups": kinds["mined"],
        "generated_groups": kinds["generated"],
        "split_by": split.unit,
        "dev_pages": len(dev.pages),
        "dev_queries": len(dev.queries),
        "steps": state.step,
        "dev_ndcg_untrained": round(start.ndcg, 4),
        "dev_ndcg": round(end.ndcg, 4),
        "dev_accuracy_untrained": round(start.accuracy, 4),
        "dev_accuracy": round(end.accuracy, 4),
        "kept": "trained" if state.best else "untrained",
        "redone": 1,
    }
