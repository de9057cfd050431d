"""Checks what the stages of `docrerank run` need before the first one starts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from docrerank.recipe import require
from docrerank.records import MissingExtra, UserError
from docrerank.runs import Run
from docrerank.vision import is_vision_model

GB = 1_000_000_000


def check_needs(run: Run, pdfs: Sequence[str | Path], stages: Sequence[str]) -> None:
    """Refuse to start what would fail after hours.

    Raises:
        UserError: says all that is missing.
    """
    missing = list(find_missing(run, pdfs, stages))
    if missing:
        last = "; ".join(missing)
        raise UserError(f"{last}. Nothing was started: fix this, or stop before it with --to")


def find_missing(run: Run, pdfs: Sequence[str | Path], stages: Sequence[str]) -> Iterator[str]:
    """What models, weights and memory are missing, a clause each."""
    if "generate" in stages:
        yield from _find_servers(run, pdfs)
    if "train" in stages and is_vision_model(run.recipe.train.base):
        yield from _find_base(run)
    elif "train" in stages:
        yield from _find_text_base(run.recipe.train.base)


def _find_servers(run: Run, pdfs: Sequence[str | Path]) -> Iterator[str]:
    from docrerank.chat import find_fault
    from docrerank.generation import model_roles, unfinished
    from docrerank.pages import plan_ingest

    endpoints = {(role.base_url, role.model): role for role in model_roles(run.recipe.generate).values()}
    if not endpoints or not (unfinished(run) or plan_ingest(run, pdfs).todo):
        return
    for role in endpoints.values():
        if fault := find_fault(role):
            yield fault


def _find_text_base(base: str) -> Iterator[str]:
    from docrerank.reranker import check_base

    try:
        check_base(base)
    except (UserError, MissingExtra) as error:
        yield str(error)


def _find_base(run: Run) -> Iterator[str]:
    recipe, base = run.recipe, run.recipe.train.base
    try:
        for package in ("torch", "peft", "sentence_transformers"):
            require(package, extra="train")
        from docrerank.vision import count_bytes, count_free, count_needed

        stored = count_bytes(base)
    except (UserError, MissingExtra) as error:
        yield str(error)
        return
    free, on_gpu = count_free()
    needed = count_needed(stored, recipe.vision.lora_rank, on_gpu)
    if needed > free:
        place, advice = (
            ("the GPU", "stop what else holds it") if on_gpu else ("this machine, without a GPU,", "use a GPU")
        )
        yield (
            f"training '{base}' takes {needed / GB:.1f} GB at least, {place} has {free / GB:.1f} GB free: {advice}; "
            f"where model servers hold it, give --to mine, stop them, then docrerank train {run.path}"
        )
