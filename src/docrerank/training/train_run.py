"""The `train` stage: from queries and mined pages to RUN/model.

The story: `training_data` gathers groups and the dev part, `loop` trains with a step from `text_trainer` or
`vision_trainer`, and what is delivered is fitted, measured and written here or there.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from docrerank.mining import made_from as mined_from
from docrerank.recipe import fingerprint
from docrerank.recipe.extras import require
from docrerank.records import UserError
from docrerank.reranker import check_base, hash_text_model, load_encoder, load_text, open_first
from docrerank.retrieval import (
    ENCODINGS,
    UNTRAINED,
    ModelCard,
    PageStore,
    TokenEncoder,
    encode_ahead,
    load_untrained,
    read_card,
    window_settings,
)
from docrerank.runs import Run
from docrerank.training.calibration import fit_plan, fit_threshold
from docrerank.training.deliver import deliver_text
from docrerank.training.teacher import fingerprint_soft
from docrerank.training.training_data import Material, count, documents_of, gather
from docrerank.vision import fingerprint_vision, is_vision_model, read_rank

if TYPE_CHECKING:
    from docrerank.training.group_texts import Example
    from docrerank.training.text_trainer import Scorer

logger = logging.getLogger(__name__)
STAGE = "train"
STAGE_VERSION = 6
FOLDER = "training"
CURVES, CHECKPOINT = "curves.json", "checkpoint.pt"


def train(run: Run, progress: Callable[[int, int], None] = lambda done, total: None) -> dict[str, Any]:
    """Train the run's reranker; does nothing if RUN/model was made from the same pages, queries and recipe.

    `train.base` is any reranker of text or of page images; torchrun may share a vision-language one's work among
    processes, of which the first writes. A killed training goes on from its last checkpoint and ends with the same
    weights. Where there is too little to learn from, or nothing gained, the base itself is delivered, with a line that
    says so. The loss per step and the dev scores are in RUN/training/curves.json.

    Args:
        run: a run whose queries are generated and mined.
        progress: called with (steps done, steps in all).

    Returns:
        Counts of the stage, as they stand in `run.json`.

    Raises:
        UserError: the base cannot be loaded or trained, or the run was never mined.
    """
    require("torch", extra="train")
    origin = made_from(run)
    if run.model.is_dir() and read_card(run.model).made_from == origin:
        return {"redone": 0}
    vision = is_vision_model(run.recipe.train.base)
    if read_rank() and not vision:
        raise UserError("a text model trains in one process: docrerank train RUN, without torchrun")
    if vision and run.recipe.train.teacher_weight:
        raise UserError("train.teacher_weight teaches text models: set it to 0, or take a text train.base")
    if not vision:
        check_base(run.recipe.train.base)
    work = require("docrerank.training.vision_trainer", extra="train").train_vision if vision else _train_text
    if read_rank():
        return work(run, origin, gather(run), progress)
    with run.manifest.stage(STAGE) as counts:
        counts.update(work(run, origin, gather(run), progress))
        (run.path / FOLDER / CHECKPOINT).unlink(missing_ok=True)
    if counts["kept"] == "untrained":
        logger.warning(
            "training on %d groups brought no gain on the dev part: RUN/model is %s as it was. More pages, a chat "
            "model that writes (--endpoint) or a stronger --base may help",
            *(counts["groups"], run.recipe.train.base),
        )
    return counts


def made_from(run: Run) -> str:
    """Fingerprint of all that the model depends on."""
    settings = run.recipe.train.model_dump(mode="json", exclude={"base"})
    origin = fingerprint(STAGE, STAGE_VERSION, mined_from(run), settings, run.recipe.seed)
    if is_vision_model(run.recipe.train.base):
        return fingerprint_vision(origin, run.recipe)
    soft = fingerprint_soft(run) if run.recipe.train.teacher_weight else ""
    return fingerprint(origin, hash_text_model(run.recipe.train.base), soft)


def _train_text(run: Run, origin: str, material: Material, progress: Callable[[int, int], None]) -> dict[str, Any]:
    from docrerank.training.text_trainer import TextTrainer, score_plan

    settings = run.recipe.train
    scorer, before = load_text(settings.base, settings)
    untrained = load_untrained(window_settings(run))
    examples = _cut_examples(run, material, untrained, scorer)
    trainer = TextTrainer(scorer, examples, material.dev, settings, run.path / FOLDER / CHECKPOINT, origin)
    course = trainer.run(progress)
    scores, plan = score_plan(scorer, trainer.plan), trainer.plan
    course.write_curves(run.path / FOLDER / CURVES)
    calibration = fit_plan(scores, plan) if plan.pairs else before.calibration
    threshold = fit_threshold(scores, plan, calibration, settings.false_answer_rate) or before.relevance_threshold
    card = ModelCard(before.windows, before.fusion, calibration, origin, threshold)
    counts = {**count(material, course), "relevance_threshold": round(threshold.relevance, 4) if threshold else None}
    deliver_text(run, scorer, card, plan.part, course, counts)
    _encode_pages(run, card, untrained, scorer)
    return counts


def _cut_examples(run: Run, material: Material, untrained: TokenEncoder, scorer: Scorer) -> list[Example]:
    """The groups as texts: windows of their pages, chosen by what the untrained encoder makes of them."""
    from docrerank.training.group_texts import build_examples

    store = PageStore(run.path / ENCODINGS, untrained, run.count_pages())
    for name in documents_of(material.pages):
        store.fill(run.pages.read(name))
    return build_examples(material, store, scorer.cutter)


def _encode_pages(run: Run, card: ModelCard, untrained: TokenEncoder, scorer: Scorer) -> None:
    """Encode the run's pages with the delivered model, for search; encodings by older models go, MiniLM's stay."""
    kept = {untrained.fingerprint}
    if run.recipe.first_stage != UNTRAINED:
        kept.add(open_first(run, untrained.settings).fingerprint)
    if isinstance(scorer, TokenEncoder):
        store = PageStore(run.path / ENCODINGS, load_encoder(run.model, card), run.count_pages())
        encode_ahead(run, store.encoder, dict.fromkeys(run.pages.names(), run.path))
        for name in run.pages.names():
            store.fill(run.pages.read(name))
        kept.add(store.encoder.fingerprint)
    for folder in (run.path / ENCODINGS).glob("*"):
        if folder.name not in kept:
            shutil.rmtree(folder, ignore_errors=True)
