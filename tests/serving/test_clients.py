"""Clients that exist, put to our address without a change."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from docrerank.reranker import Reranker

QUESTION = "How many employees are there?"
UNUSED: dict[str, Any] = {"task_metadata": None, "hf_split": "", "hf_subset": "", "show_progress_bar": False}
TEXTS = ["The board met in March.", "The company had 5,200 employees.", "Litres of water are treated on a day."]

pytestmark = pytest.mark.slow


def test_coheres_client_of_both_versions(server: Any) -> None:
    cohere = pytest.importorskip("cohere")
    second = cohere.ClientV2(api_key="none", base_url=server.url)
    found = second.rerank(model="minilm", query=QUESTION, documents=TEXTS, top_n=2, max_tokens_per_doc=4_096)
    assert found.results[0].index == 1
    assert len(found.results) == 2
    assert found.meta.billed_units.search_units == 1
    first = cohere.Client(api_key="none", base_url=server.url)
    older = first.rerank(model="minilm", query=QUESTION, documents=TEXTS, return_documents=True)
    assert older.results[0].document.text == TEXTS[1]
    np.testing.assert_allclose(older.results[0].relevance_score, found.results[0].relevance_score, atol=1e-6)


def test_coheres_client_understands_our_errors(server: Any) -> None:
    cohere = pytest.importorskip("cohere")
    client = cohere.ClientV2(api_key="none", base_url=server.url)
    with pytest.raises(cohere.NotFoundError) as raised:
        client.rerank(model="rerank-v9", query=QUESTION, documents=TEXTS)
    assert "the server has minilm" in str(raised.value.body)


def test_mtebs_wrapper_scores_texts_as_predict_does(server: Any, untrained: Reranker) -> None:
    models = pytest.importorskip("mteb.models")
    wrapper = models.OpenAIAPIRerankWrapper(server.url, "minilm", max_retries=1)
    queries, documents = [{"text": [QUESTION] * 3}], [{"text": TEXTS}]
    scores = wrapper.predict(
        queries, documents, task_metadata=None, hf_split="", hf_subset="", show_progress_bar=False
    )
    np.testing.assert_allclose(scores, untrained.predict([(QUESTION, text) for text in TEXTS]), atol=2e-3)
