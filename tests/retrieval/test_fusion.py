from __future__ import annotations

import numpy as np

from docrerank.retrieval import Bm25, FusionWeights, fuse, order
from docrerank.retrieval.fusion import standardise


def test_standard_scores_have_mean_zero_and_deviation_one() -> None:
    scores = standardise(np.array([0.1, 0.4, 0.9], np.float32))
    np.testing.assert_allclose([scores.mean(), scores.std()], [0, 1], atol=1e-6)


def test_a_view_that_cannot_tell_candidates_apart_does_not_count() -> None:
    flat, good = np.zeros(3, np.float32), np.array([0.1, 0.9, 0.2], np.float32)
    assert order(fuse(flat, good, flat)) == [1, 2, 0]


def test_weights_decide_between_views_that_disagree() -> None:
    up, down, flat = (np.array(values, np.float32) for values in ([1, 2, 3], [3, 2, 1], [0, 0, 0]))
    assert order(fuse(up, down, flat, FusionWeights(2, 1, 1)))[0] == 2
    assert order(fuse(up, down, flat, FusionWeights(1, 2, 1)))[0] == 0


def test_bm25_finds_stems_and_knows_nothing_of_strange_words() -> None:
    index = Bm25(["net sales were rising", "the board met", ""])
    assert index.score("rise of a sale").argmax() == 0
    assert not index.score("zyzzyva").any()
    assert not index.score("the of").any()


def test_bm25_over_pages_without_text_gives_zeros() -> None:
    assert Bm25(["", ""]).score("sales").tolist() == [0, 0]


def test_the_best_few_are_the_first_of_all_in_order() -> None:
    scores = np.array([0.5, 0.9, 0.5, 0.1, 0.9, 0.5], np.float32)
    for count in range(1, 8):
        assert order(scores, count) == order(scores)[:count]
