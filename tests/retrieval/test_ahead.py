"""What a worker of the engine `ray` does, without Ray; `tests/runs/test_ray_engine.py` has it with Ray."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from docrerank.recipe import load_recipe
from docrerank.records import Page
from docrerank.retrieval import (
    ENCODINGS,
    EncoderElsewhere,
    PageStore,
    TokenEncoder,
    ahead,
    encode_ahead,
    load_start,
    load_untrained,
)
from docrerank.runs import Run, map_shards

MakePage = Callable[..., Page]


@pytest.fixture
def run(tmp_path: Path, make_page: MakePage) -> Run:
    made = Run.create(tmp_path / "run", load_recipe("cpu"))
    for name, pages in (("a", 2), ("b", 3), ("empty", 0)):
        lines = [[f"net sales of {name} {number}", "and what stands below"] for number in range(pages)]
        made.pages.write(name, [make_page(own, name, number) for number, own in enumerate(lines, 1)], "")
    return made


def test_the_local_engine_leaves_encoding_to_the_process_that_needs_it(run: Run, encoder: TokenEncoder) -> None:
    assert encode_ahead(run, encoder, {"a": run.path}) == 0
    assert not (run.path / ENCODINGS).exists()


@pytest.mark.slow
def test_a_worker_process_encodes_as_the_command_does_in_its_precision(run: Run, tmp_path: Path) -> None:
    encoder = load_untrained()
    encoder.precision = "float32"
    sent = EncoderElsewhere.of(encoder)
    assert sent is not None
    work = ahead._Work(sent)
    bundle = [("a", run.path), ("b", run.path), ("empty", run.path)]
    assert [result for _, result in map_shards(work, [bundle], 1)] == [5]
    ours, pages = PageStore(tmp_path, encoder), list(run.pages.read())
    theirs = PageStore(run.path / ENCODINGS, encoder)
    assert (ours.fill(pages), theirs.fill(pages)) == (5, 0)
    for one, other in zip(ours.read(pages), theirs.read(pages), strict=True):
        np.testing.assert_allclose(one.tokens, other.tokens, atol=1e-3)
        np.testing.assert_allclose(one.windows, other.windows, atol=1e-3)


def test_only_documents_that_the_store_lacks_are_handed_out(run: Run, encoder: TokenEncoder) -> None:
    PageStore(run.path / ENCODINGS, encoder).fill(run.pages.read("a"))
    assert [ahead._lacks(encoder, name, run.path) for name in ("a", "b", "empty")] == [False, True, False]
    run.pages.write("a", [replace(page, text="gross sales\n") for page in run.pages.read("a")], "")
    assert ahead._lacks(encoder, "a", run.path)


def test_small_documents_share_a_bundle_and_none_is_lost(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "SHARD_PAGES", 4)
    documents = [(name, run.path) for name in ("a", "b", "a", "empty", "a", "b")]
    bundles = ahead._bundle(documents)
    assert [len(bundle) for bundle in bundles] == [1, 1, 3, 1]
    assert [one for bundle in bundles for one in bundle] == documents


def test_an_encoder_says_how_another_process_gets_it() -> None:
    encoder = load_start("docrerank-mini")
    assert encoder.opener is not None
    assert encoder.opener().fingerprint == encoder.fingerprint
