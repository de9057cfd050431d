"""The arm that learns nothing: the model as it comes, where the evaluation looks for a trained one."""

from __future__ import annotations

import shutil
from pathlib import Path

from docrerank.evaluation.ablation.folders import link
from docrerank.recipe import fingerprint
from docrerank.retrieval import ModelCard, read_card
from docrerank.runs import Run
from docrerank.vision import hash_base, is_vision_model

FOLDER = "untrained-model"


def put_untrained(run: Run, out: Path) -> None:
    """Give a vision-language run its base as model, saved once for all seeds; the embedded model's own rows are there.

    Raises:
        UserError: the base cannot be loaded.
    """
    if not is_vision_model(run.recipe.train.base):
        return
    origin = fingerprint("untrained", hash_base(run.recipe.train.base), run.recipe.vision.pixels)
    saved = out / FOLDER
    if not saved.is_dir() or read_card(saved).made_from != origin:
        _save(run, saved, origin)
    link(saved, run.model)


def _save(run: Run, saved: Path, origin: str) -> None:
    from docrerank.vision import save_reranker
    from docrerank.vision.load import load_parts

    partial = saved.with_name(f"{FOLDER}.partial")
    for leftover in (partial, saved):
        shutil.rmtree(leftover, ignore_errors=True)
    save_reranker(load_parts(run.recipe.train.base, pixels=run.recipe.vision.pixels), partial)
    ModelCard(made_from=origin).write(partial)
    partial.rename(saved)
