from __future__ import annotations

import logging
import shutil
from collections import namedtuple
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch

from docrerank.vision import draw_ahead
from docrerank.vision.draw_ahead import AHEAD, count_workers
from docrerank.vision.loader import Route

Usage = namedtuple("Usage", "total used free")


def give(monkeypatch: pytest.MonkeyPatch, cores: int, free: int) -> None:
    monkeypatch.setattr(draw_ahead.os, "sched_getaffinity", lambda process: set(range(cores)))
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(free, 0, free))


def test_pages_are_drawn_by_the_cores_that_training_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    give(monkeypatch, cores=16, free=10**12)
    assert [count_workers(wanted, world, 10**6) for wanted, world in ((-1, 1), (-1, 4), (-1, 16), (3, 4))] == [
        8,
        3,
        0,
        3,
    ]


def test_shared_memory_bounds_the_workers_and_says_so(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    give(monkeypatch, cores=16, free=64 * 2**20)  # what a container has by default
    with caplog.at_level(logging.WARNING):
        assert count_workers(-1, 1, 2**20) == 8
        assert not caplog.text
        assert count_workers(-1, 1, 5 * 2**20) == 32 // (5 * (AHEAD + 1))
        assert count_workers(2, 1, 100 * 2**20) == 0
    assert "--shm-size" in caplog.text


def test_which_pages_come_with_text_changes_with_the_step_and_follows_from_the_seed() -> None:
    route = Route([], 1, 1, 0, 1, 1, page_text=0.5, seed=3)
    drawn = {(step, page): route.gives_text(step, str(page)) for step in range(20) for page in range(50)}
    assert 400 < sum(drawn.values()) < 600
    assert {drawn[step, 0] for step in range(20)} == {True, False}
    assert not Route([], 1, 1, 0, 1, 1).gives_text(0, "a")
    assert all(replace(route, page_text=1.0).gives_text(*key) for key in ((0, "a"), (1, "b")))
    assert [replace(route, seed=4).gives_text(0, str(page)) for page in range(50)] != [
        drawn[0, page] for page in range(50)
    ]


def test_patches_are_handed_over_in_the_models_type(make_trainer: Callable[..., Any]) -> None:
    for settings, dtype in (((), torch.float32), (("vision.precision=bfloat16",), torch.bfloat16)):
        trainer = make_trainer(*settings, name=str(dtype))
        piece = next(iter(trainer._load_pieces(0)))
        assert {page.pixels.dtype for page in piece.pages} == {dtype}
        reader = trainer.parts.reader
        tokens = sum(int((page.ids == reader.prompt.image_token_id).sum()) for page in piece.pages)
        assert sum(page.pixels.numel() for page in piece.pages) == tokens * reader.token_values
