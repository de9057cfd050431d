"""BM25 on disk gives the scores of BM25 in memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from docrerank.retrieval import Bm25, word_index
from docrerank.retrieval.word_index import WordIndex, write_words

pytest.importorskip("bm25s")
SAMPLE = np.arange(0, 300, 2)
NONE = np.zeros(0, np.int64)
QUERIES = ("sales sales of boats", "board", "the of", "zyzzyva", "net debt of the harbour")


def make_texts(count: int, seed: int = 0) -> list[str]:
    rng = np.random.default_rng(seed)
    words = "sales net debt board boats harbour rising met fleet freight cargo crew".split()
    chances = np.arange(1, 13) / 78
    return [" ".join(rng.choice(words, rng.integers(0, 40), p=chances)) for _ in range(count)]


@pytest.fixture
def texts() -> list[str]:
    return make_texts(300)


@pytest.fixture
def folders(tmp_path: Path, texts: list[str]) -> list[Path]:
    write_words(tmp_path / "a", texts[:190])
    write_words(tmp_path / "b", texts[190:])
    return [tmp_path / "a", tmp_path / "b"]


def test_segments_score_as_one_index_of_the_pages_that_count(texts: list[str], folders: list[Path]) -> None:
    alive = np.arange(len(texts)) % 3 > 0
    index, plain = (
        WordIndex(folders, alive, NONE),
        Bm25([text for text, counts in zip(texts, alive, strict=True) if counts]),
    )
    rows = np.flatnonzero(alive)
    for query in QUERIES:
        np.testing.assert_allclose(index.score(query)[rows], plain.score(query), atol=1e-5)
        assert not index.score(query)[~alive].any()
        np.testing.assert_allclose(index.score_rows(query, rows[5:90]), plain.score(query)[5:90], atol=1e-5)
    with_all = WordIndex(folders, np.ones(len(texts), bool), NONE).score("board")[rows]
    assert np.abs(with_all - plain.score("board")).max() > 1e-3  # the control: pages that are gone would count


def test_the_best_pages_are_found_by_the_rarest_words(
    texts: list[str], folders: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    index = WordIndex(folders, np.ones(len(texts), bool), SAMPLE)
    scores = index.score("sales of boats")
    found = index.find("sales of boats", 10, np.array([7]))
    assert np.allclose(found.scores, scores[found.rows])
    assert scores[found.rows[found.rows != 7]].min() >= np.sort(scores)[-10] - 1e-6
    assert 7 in found.rows
    assert found.usual == pytest.approx((scores.mean(), scores.std()), rel=1e-5)
    assert np.allclose(found.sample, scores[SAMPLE])
    monkeypatch.setattr(word_index, "MAX_PLACES", 1)
    found = index.find("sales of boats", 10, NONE)
    assert set(found.rows) <= set(np.flatnonzero(index.score("sales")))  # the rarer word finds them, both are counted
    assert np.allclose(found.scores, scores[found.rows])
    assert found.usual == pytest.approx((scores.mean(), scores.std()), rel=0.1)
    assert np.allclose(found.sample, scores[SAMPLE])
    assert index.find("zyzzyva", 10, NONE).rows.tolist() == []


def test_pages_without_words_score_nothing(tmp_path: Path) -> None:
    write_words(tmp_path / "a", ["", ""])
    assert WordIndex([tmp_path / "a"], np.ones(2, bool), NONE).score("sales").tolist() == [0, 0]
    assert WordIndex([], np.zeros(0, bool), NONE).score("sales").tolist() == []
