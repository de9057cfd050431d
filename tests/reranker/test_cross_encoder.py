"""Anyone's CrossEncoder folder; here a tiny one with random weights over MiniLM's vocabulary."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from docrerank.records import Page, UserError
from docrerank.reranker import Reranker
from docrerank.retrieval import WindowSettings, minilm_folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    transformers = pytest.importorskip("transformers")
    transformers.set_seed(0)
    path = tmp_path_factory.mktemp("cross")
    config = transformers.BertConfig(
        hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=64, num_labels=1
    )
    transformers.BertForSequenceClassification(config).save_pretrained(path)
    transformers.AutoTokenizer.from_pretrained(minilm_folder()).save_pretrained(path)
    return path


def test_a_page_scores_like_its_best_window(folder: Path, topic_pages: list[Page]) -> None:
    reranker = Reranker.from_pretrained(folder)
    reranker.scorer.cutter.settings = WindowSettings(32, 8, 0)
    scores = reranker.predict([("net sales", page) for page in topic_pages])
    for page, score in zip(topic_pages[:4], scores, strict=False):
        windows = reranker.scorer.cutter.cut([page.text])[0]
        assert len(windows) > 1
        plain = reranker.scorer.model.predict([("net sales", window) for window in windows])
        np.testing.assert_allclose(score, plain.max(), atol=1e-5)


def test_it_ranks_by_those_scores(folder: Path, topic_pages: list[Page]) -> None:
    reranker = Reranker.from_pretrained(folder)
    scores = reranker.predict([("net sales", page) for page in topic_pages])
    ranked = reranker.rank("net sales", topic_pages)
    np.testing.assert_allclose([hit["score"] for hit in ranked], np.sort(scores)[::-1], atol=1e-6)


def test_it_cannot_encode_a_page_alone(folder: Path) -> None:
    with pytest.raises(UserError, match="without a query"):
        Reranker.from_pretrained(folder).encode_pages(["a page"])
