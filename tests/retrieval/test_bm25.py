"""BM25 on disk gives the scores of BM25 in memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from docrerank.retrieval import Bm25
from docrerank.retrieval import bm25 as bm25_module
from docrerank.retrieval.bm25 import StoredBm25

pytest.importorskip("bm25s")
QUERIES = ("sales sales of boats", "board", "the of", "zyzzyva", "net debt of the harbour")


def make_texts(count: int) -> list[str]:
    rng = np.random.default_rng(0)
    words = "sales net debt board boats harbour rising met fleet freight cargo crew".split()
    chances = np.arange(1, 13) / 78
    return [" ".join(rng.choice(words, rng.integers(0, 40), p=chances)) for _ in range(count)]


def test_scores_are_those_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bm25_module, "TEXTS_AT_ONCE", 70)
    texts = make_texts(300)
    StoredBm25.write(tmp_path, texts)
    stored, plain = StoredBm25(tmp_path), Bm25(texts)
    for query in QUERIES:
        np.testing.assert_allclose(stored.score(query), plain.score(query), atol=1e-5)
    fewer = Bm25(texts[:200]).score("board")
    assert np.abs(stored.score("board")[:200] - fewer).max() > 1e-3  # the control: all texts count


def test_pages_without_words_score_nothing(tmp_path: Path) -> None:
    for name, texts in (("empty", ["", ""]), ("none", [])):
        StoredBm25.write(tmp_path / name, texts)
        assert StoredBm25(tmp_path / name).score("sales").tolist() == [0.0] * len(texts)
