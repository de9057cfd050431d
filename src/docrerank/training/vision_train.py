"""The `train` stage for a vision-language base: the model that learns, and what is delivered of it."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from docrerank.recipe import dump_recipe
from docrerank.records import Rejected
from docrerank.retrieval import ModelCard, Threshold
from docrerank.runs import Run
from docrerank.training.calibration import LOGITS, fit_threshold
from docrerank.training.deliver import take_place, write_readme
from docrerank.training.dev_part import DevScores, rate
from docrerank.training.loop import NDCG_TOLERANCE, Course
from docrerank.training.training_data import Material, count
from docrerank.training.vision_trainer import VisionTrainer, score_plan
from docrerank.vision import VisionReranker, save_reranker
from docrerank.vision.adapt import load_learner
from docrerank.vision.processes import join_notes, join_processes, leave_processes

logger = logging.getLogger(__name__)
STAGE = "train"
#: Warns if saving raises the dev loss by more than this share.
LOSS_TOLERANCE = 0.02
#: Documents that the README names; the rest is counted.
MAX_DOCUMENTS = 100
ASKS = """`CrossEncoder("this folder").rank("what were net sales in 2020?",
[image])` with images, paths or URLs. It reads the image of a page, then a query, and says whether the page answers."""
LINEAGE = """
The files were:

{documents}

Queries by writer: {writers}.

## Recipe
```yaml
{recipe}```
Made from `{origin}`; {versions}.
"""


def train_vision(run: Run, origin: str, material: Material, progress: Callable[[int, int], None]) -> dict[str, Any]:
    """Train `train.base` on the run's groups; the first process writes RUN/model and the curves.

    Args:
        run: where the model goes.
        origin: fingerprint of all that the model depends on.
        material: of the run.
        progress: called with (steps done, steps in all).

    Returns:
        Counts of the stage.

    Raises:
        UserError: the base cannot be trained, or memory runs out.
    """
    state, recipe, folder = join_processes(), run.recipe, run.path / "training"
    parts = load_learner(recipe.train.base, recipe.vision, str(state.device), recipe.seed)
    trainer = VisionTrainer(parts, material, recipe, folder / "checkpoint.pt", origin, state)
    course = trainer.run(progress)
    counts, lost = count(material, course), join_notes(trainer.unreadable)
    if state.is_main_process:
        course.write_curves(folder / "curves.json")
        rows = [Rejected(STAGE, page, "page cannot be drawn", why, page) for page, why in sorted(lost.items())]
        run.rejected(STAGE).write(STAGE, rows, origin)
        counts |= deliver(run, origin, trainer, course, counts)
    leave_processes(state)
    return counts


def deliver(run: Run, origin: str, trainer: VisionTrainer, course: Course, counts: dict[str, Any]) -> dict[str, Any]:
    """Save beside RUN/model, measure what was saved, then let it take its place; counts of the saved model."""
    parts, device = trainer.parts, str(trainer.processes.device)
    with take_place(run.model) as partial:
        save_reranker(parts, partial, form=run.recipe.vision.save)
        page_text, strip = run.recipe.vision.page_text > 0, run.recipe.generate.title_strip
        own = ModelCard(made_from=origin, page_text=page_text, title_strip=strip)
        own.write(partial)
        parts.model.to("cpu")  # room for the saved one
        saved, threshold = measure_saved(partial, trainer, device)
        replace(own, relevance_threshold=threshold).write(partial)
        scores, lineage = (course.start, saved), describe_lineage(run, origin)
        names = {"base": run.recipe.train.base, "tag": "cross-encoder", "how": ASKS, "lineage": lineage}
        readme = write_readme(run, trainer.material.dev, scores, counts, **names)
        (partial / "README.md").write_text(readme, "utf-8")
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
    reranker, plan = VisionReranker.from_pretrained(folder, device=device), trainer.plan
    scores = score_plan(reranker, plan)
    return rate(scores, plan), fit_threshold(scores, plan, LOGITS, trainer.settings.false_answer_rate)


def describe_lineage(run: Run, origin: str) -> str:
    """Where a model comes from: documents by hash, writers of queries, recipe and versions."""
    counts = Counter(zip(run.pages.column("document"), run.pages.column("sha256"), strict=True))
    lines = [f"- {name}: {count} pages, sha256 `{digest}`" for (name, digest), count in sorted(counts.items())]
    if len(lines) > MAX_DOCUMENTS:
        lines[MAX_DOCUMENTS:] = [f"- and {len(lines) - MAX_DOCUMENTS} more"]
    writers = Counter(writer or "unnamed" for writer in run.queries.column("writer"))
    return LINEAGE.format(
        documents="\n".join(lines),
        writers=", ".join(f"{name} {count}" for name, count in sorted(writers.items())),
        recipe=dump_recipe(run.recipe),
        origin=origin,
        versions=", ".join(f"{name} {value}" for name, value in run.manifest.read().get("versions", {}).items()),
    )


def tell_difference(trained: DevScores, saved: DevScores) -> None:
    """Warn if saving lost some of what was learned: bfloat16 rounds a small change of a weight away."""
    lost = trained.ndcg - saved.ndcg > NDCG_TOLERANCE or saved.loss > trained.loss * (1 + LOSS_TOLERANCE)
    if lost:
        logger.warning(
            "the saved model reaches NDCG@5 %.4f, accuracy %.4f and loss %.4f on the dev part, in training %.4f, %.4f "
            "and %.4f: vision.save=float32 or vision.save=adapter keeps what saving rounds away",
            *(saved.ndcg, saved.accuracy, saved.loss, trained.ndcg, trained.accuracy, trained.loss),
        )
