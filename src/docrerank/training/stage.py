"""The `train` stage: from queries and mined pages to RUN/model."""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from docrerank.encoding import (
    ENCODINGS,
    PageStore,
    TokenEncoder,
    hash_start,
    load_start,
    load_untrained,
    window_settings,
)
from docrerank.mining import FusionWeights
from docrerank.mining import made_from as mined_from
from docrerank.recipe import fingerprint
from docrerank.recipe.extras import require
from docrerank.records import Page, UserError
from docrerank.reranker import ModelCard, load_encoder, read_card
from docrerank.runs import Run, write_text
from docrerank.training.deliver import deliver, write_readme
from docrerank.training.dev import DevPart, DevScores, choose_dev, measure
from docrerank.training.examples import Example, build_examples
from docrerank.training.fit import fit_calibration, fit_threshold
from docrerank.training.groups import build_groups
from docrerank.training.split import Split, split_pages
from docrerank.training.vision import hash_base

STAGE = "train"
STAGE_VERSION = 1
FOLDER = "training"
CURVES = "curves.json"


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
    work = _train_vision if run.recipe.train.base else _train
    if int(os.environ.get("RANK", "0")):
        return work(run, origin, progress)
    with run.manifest.stage(STAGE) as counts:
        counts.update(work(run, origin, progress))
    return counts


def made_from(run: Run) -> str:
    """Fingerprint of all that the model depends on."""
    base, settings = run.recipe.train.base, run.recipe.train.model_dump(mode="json", exclude={"base"})
    origin = fingerprint(STAGE, STAGE_VERSION, mined_from(run), settings, run.recipe.seed)
    if base:
        return fingerprint(origin, hash_base(base), run.recipe.vision)
    return fingerprint(origin, hash_start(run.recipe.train.start))


def _train_vision(run: Run, origin: str, progress: Callable[[int, int], None]) -> dict[str, Any]:
    from docrerank.training.vision.stage import train_vision

    return train_vision(run, origin, run.path / FOLDER, progress)


def _train(run: Run, origin: str, progress: Callable[[int, int], None]) -> dict[str, Any]:
    from docrerank.training.loop import Trainer

    pages = list(run.pages.read())
    split = split_pages(pages, run.recipe.train.dev_share, run.recipe.seed)
    encoder, untrained = load_start(run.recipe.train.start, window_settings(run)), load_untrained(window_settings(run))
    examples, dev = prepare(run, pages, split, untrained)
    folder = run.path / FOLDER
    trainer = Trainer(encoder, examples, dev, run.recipe.train, folder / "checkpoint.pt", origin)
    state = trainer.run(progress)
    end, rows, asked = measure(encoder, dev, run.recipe.train.temperature)
    start = DevScores(*state.curves["dev"][0][1:])
    write_text(folder / CURVES, json.dumps(state.curves) + "\n")
    calibration = fit_calibration(rows)
    threshold = fit_threshold(asked, calibration, run.recipe.train.false_answer_rate)
    card = ModelCard(encoder.settings, FusionWeights(), calibration, origin, threshold)
    deliver(encoder, card, write_readme(run.recipe.train.start, len(examples), dev, start, end), run.model)
    trainer.checkpoint.unlink(missing_ok=True)
    _encode_pages(run, pages, card, untrained)
    return {
        **_count(split, examples, dev),
        "steps": state.step,
        "dev_ndcg_untrained": round(start.ndcg, 4),
        "dev_ndcg": round(end.ndcg, 4),
        "dev_accuracy_untrained": round(start.accuracy, 4),
        "dev_accuracy": round(end.accuracy, 4),
        "relevance_threshold": round(threshold.relevance, 4) if threshold else None,
        "kept": "trained" if state.best else "untrained",
        "redone": 1,
    }


def _encode_pages(run: Run, pages: Sequence[Page], card: ModelCard, untrained: TokenEncoder) -> None:
    """Encode the run's pages with the delivered model, for search; encodings by older models go, MiniLM's stay."""
    store = PageStore(run.path / ENCODINGS, load_encoder(run.model, card))
    store.fill(pages)
    for folder in (run.path / ENCODINGS).iterdir():
        if folder.name not in (store.encoder.fingerprint, untrained.fingerprint):
            shutil.rmtree(folder, ignore_errors=True)


def prepare(run: Run, pages: Sequence[Page], split: Split, encoder: TokenEncoder) -> tuple[list[Example], DevPart]:
    """What is learned from and what measures it.

    Raises:
        UserError: there is no group to learn from.
    """
    settings, seed = run.recipe.train, run.recipe.seed
    queries = list(run.queries.read())
    groups = build_groups(queries, run.mined.read(), split.train, settings, seed)
    if not groups:
        raise UserError(
            f"nothing to learn from in '{run.path}': more pages, or another train.mined_share, give groups to train on"
        )
    store = PageStore(run.path / ENCODINGS, encoder)
    store.fill(pages)
    examples = build_examples(groups, {page.id: page for page in pages}, store, settings.windows_per_page)
    return examples, choose_dev([page for page in pages if page.id in split.dev], queries, settings, seed)


def _count(split: Split, examples: Sequence[Example], dev: DevPart) -> dict[str, Any]:
    kinds = Counter(example.kind for example in examples)
    return {
        "groups": len(examples),
        "mined_groups": kinds["mined"],
        "generated_groups": kinds["generated"],
        "split_by": split.unit,
        "dev_pages": len(dev.pages),
        "dev_queries": len(dev.queries),
    }
