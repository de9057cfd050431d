"""The `train` stage for a vision-language base: the model that learns, and what is delivered of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from docrerank.records import Rejected
from docrerank.retrieval import ModelCard, Threshold
from docrerank.runs import Run
from docrerank.training.deliver import take_place
from docrerank.training.dev import DevScores
from docrerank.training.loop import NDCG_TOLERANCE, Course
from docrerank.training.training_data import Material, count
from docrerank.training.vision_card import write_card
from docrerank.training.vision_dev import find_threshold, rate, score_plan
from docrerank.training.vision_trainer import VisionTrainer
from docrerank.vision import VisionReranker, save_reranker
from docrerank.vision.adapt import load_learner
from docrerank.vision.processes import Processes

logger = logging.getLogger(__name__)
STAGE = "train"
#: Warns if saving raises the dev loss by more than this share.
LOSS_TOLERANCE = 0.02


def train_vision(
    run: Run, origin: str, material: Material, folder: Path, progress: Callable[[int, int], None]
) -> dict[str, Any]:
    """Train `train.base` on the run's groups; the first process writes RUN/model and the curves.

    Args:
        run: where the model goes.
        origin: fingerprint of all that the model depends on.
        material: of the run.
        folder: where checkpoint and curves stand.
        progress: called with (steps done, steps in all).

    Returns:
        Counts of the stage.

    Raises:
        UserError: the base cannot be trained, or memory runs out.
    """
    processes, recipe = Processes.join(), run.recipe
    parts = load_learner(recipe.train.base, recipe.vision, processes.device, recipe.seed)
    trainer = VisionTrainer(parts, material, recipe, folder / "checkpoint.pt", origin, processes)
    course = trainer.run(progress)
    counts, lost = count(material, course), processes.join_notes(trainer.unreadable)
    if not processes.rank:
        course.write_curves(folder / "curves.json")
        run.rejected(STAGE).write(STAGE, list_rejected(lost), origin)
        counts |= deliver(run, origin, trainer, course, counts)
    processes.leave()
    return counts


def list_rejected(unreadable: Mapping[str, str]) -> list[Rejected]:
    """The pages that no step could use, in the order of their ids."""
    reason = "page cannot be drawn"
    return [Rejected(STAGE, page, reason, detail, page) for page, detail in sorted(unreadable.items())]


def deliver(run: Run, origin: str, trainer: VisionTrainer, course: Course, counts: dict[str, Any]) -> dict[str, Any]:
    """Save beside RUN/model, measure what was saved, then let it take its place; counts of the saved model."""
    parts, device = trainer.parts, trainer.processes.device
    with take_place(run.model) as partial:
        save_reranker(parts, partial, form=run.recipe.vision.save)
        own = ModelCard(made_from=origin, page_text=run.recipe.vision.page_text > 0)
        own.write(partial)
        parts.model.to("cpu")  # room for the saved one
        saved, threshold = measure_saved(partial, trainer, device)
        replace(own, relevance_threshold=threshold).write(partial)
        card = write_card(run, (course.start, saved), {**counts, "made_from": origin})
        (partial / "README.md").write_text(card, "utf-8")
    tell_difference(course.end, saved)
    return {
        "dev_ndcg_saved": round(saved.ndcg, 4),
        "dev_accuracy_saved": round(saved.accuracy, 4),
        "relevance_threshold": round(threshold.relevance, 4) if threshold else None,
    }


def measure_saved(folder: Path, trainer: VisionTrainer, device: str) -> tuple[DevScores, Threshold | None]:
    """What a saved folder reaches on the dev part, loaded as anyone loads it, and its threshold of relevance."""
    if device != "cpu":
        torch.cuda.empty_cache()
    reranker, part, plan = VisionReranker.from_pretrained(folder, device=device), trainer.material.dev, trainer.plan
    scores = score_plan(reranker, plan.pairs)
    return rate(scores, plan), find_threshold(scores, part, plan, trainer.settings.false_answer_rate)


def tell_difference(trained: DevScores, saved: DevScores) -> None:
    """Say so if saving cost some of what was learned: bfloat16 rounds a small change of a weight away."""
    lost = trained.ndcg - saved.ndcg > NDCG_TOLERANCE or saved.loss > trained.loss * (1 + LOSS_TOLERANCE)
    if lost:
        logger.warning(
            "the saved model reaches NDCG@5 %.4f, accuracy %.4f and loss %.4f on the dev part, in training %.4f, %.4f "
            "and %.4f: vision.save=float32 or vision.save=adapter keeps what saving rounds away",
            *(saved.ndcg, saved.accuracy, saved.loss, trained.ndcg, trained.accuracy, trained.loss),
        )
