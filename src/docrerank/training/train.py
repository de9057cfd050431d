"""The `train` stage: from queries and mined pages to RUN/model.

The story: `material` gathers groups and the dev part, `loop` trains, with a step from `text` or `vision.trainer`, and
what is delivered is fitted, measured and written here or in `vision.stage`.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from typing import Any

from docrerank.mining import made_from as mined_from
from docrerank.recipe import fingerprint
from docrerank.recipe.extras import require
from docrerank.reranker import load_encoder
from docrerank.retrieval import (
    ENCODINGS,
    FusionWeights,
    ModelCard,
    PageStore,
    TokenEncoder,
    encode_ahead,
    hash_start,
    load_start,
    load_untrained,
    read_card,
    weigh_tokens,
    window_settings,
)
from docrerank.runs import Run
from docrerank.training.calibration import fit_calibration, fit_threshold
from docrerank.training.deliver import deliver, write_readme
from docrerank.training.dev import measure
from docrerank.training.examples import Example, build_examples
from docrerank.training.training_data import Material, count, documents_of, gather
from docrerank.vision import fingerprint_vision, is_vision_model, read_rank

STAGE = "train"
STAGE_VERSION = 4
FOLDER = "training"
CURVES, CHECKPOINT = "curves.json", "checkpoint.pt"


def train(run: Run, progress: Callable[[int, int], None] = lambda done, total: None) -> dict[str, Any]:
    """Train the run's reranker; does nothing if RUN/model was made from the same pages, queries and recipe.

    With `train.base` it is a vision-language model that reads page images; torchrun may then share the work among
    processes, of which the first writes. A killed training goes on from its last checkpoint and ends with the same
    weights. The loss per step and the dev scores are in RUN/training/curves.json.

    Args:
        run: a run whose queries are generated and mined.
        progress: called with (steps done, steps in all).

    Returns:
        Counts of the stage, as they stand in `run.json`.

    Raises:
        UserError: there is nothing to learn from.
    """
    require("torch", extra="train")
    origin = made_from(run)
    if run.model.is_dir() and read_card(run.model).made_from == origin:
        return {"redone": 0}
    work = _train_vision if is_vision_model(run.recipe.train.base) else _train_text
    if read_rank():
        return work(run, origin, gather(run), progress)
    with run.manifest.stage(STAGE) as counts:
        counts.update(work(run, origin, gather(run), progress))
        (run.path / FOLDER / CHECKPOINT).unlink(missing_ok=True)
    return counts


def made_from(run: Run) -> str:
    """Fingerprint of all that the model depends on."""
    settings = run.recipe.train.model_dump(mode="json", exclude={"base"})
    origin = fingerprint(STAGE, STAGE_VERSION, mined_from(run), settings, run.recipe.seed)
    if is_vision_model(run.recipe.train.base):
        return fingerprint_vision(origin, run.recipe)
    return fingerprint(origin, hash_start(run.recipe.train.base))


def _train_vision(run: Run, origin: str, material: Material, progress: Callable[[int, int], None]) -> dict[str, Any]:
    from docrerank.training.vision_train import train_vision

    return train_vision(run, origin, material, run.path / FOLDER, progress)


def _train_text(run: Run, origin: str, material: Material, progress: Callable[[int, int], None]) -> dict[str, Any]:
    from docrerank.training.text import TextTrainer

    settings, dev = run.recipe.train, material.dev
    encoder, untrained = load_start(settings.base, window_settings(run)), load_untrained(window_settings(run))
    encoder.rarity = weigh_tokens(encoder.model.tokenizer, run.pages.column("text"))
    examples = _cut_examples(run, material, untrained)
    course = TextTrainer(encoder, examples, dev, settings, run.path / FOLDER / CHECKPOINT, origin).run(progress)
    _, rows, asked = measure(encoder, dev, settings.temperature)
    course.write_curves(run.path / FOLDER / CURVES)
    calibration = fit_calibration(rows)
    threshold = fit_threshold(asked, calibration, settings.false_answer_rate)
    card = ModelCard(encoder.settings, FusionWeights(), calibration, origin, threshold)
    deliver(encoder, card, write_readme(settings.base, len(examples), dev, course.start, course.end), run.model)
    _encode_pages(run, card, untrained)
    return {**count(material, course), "relevance_threshold": round(threshold.relevance, 4) if threshold else None}


def _cut_examples(run: Run, material: Material, untrained: TokenEncoder) -> list[Example]:
    """The groups as texts: windows of their pages, chosen by what the untrained encoder makes of them."""
    store = PageStore(run.path / ENCODINGS, untrained, run.count_pages())
    for name in documents_of(material.pages):
        store.fill(run.pages.read(name))
    return build_examples(material.groups, material.pages, store, 1, material.dev.repeats)


def _encode_pages(run: Run, card: ModelCard, untrained: TokenEncoder) -> None:
    """Encode the run's pages with the delivered model, for search; encodings by older models go, MiniLM's stay."""
    store = PageStore(run.path / ENCODINGS, load_encoder(run.model, card), run.count_pages())
    encode_ahead(run, store.encoder, dict.fromkeys(run.pages.names(), run.path))
    for name in run.pages.names():
        store.fill(run.pages.read(name))
    for folder in (run.path / ENCODINGS).iterdir():
        if folder.name not in (store.encoder.fingerprint, untrained.fingerprint):
            shutil.rmtree(folder, ignore_errors=True)
