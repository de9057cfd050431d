"""The adapter for LangChain, and LangChain's own way to chain it."""

from __future__ import annotations

import pytest

from docrerank.reranker import Reranker

documents = pytest.importorskip("langchain_core.documents")

TEXTS = ("The board met in March.", "The company had 5,200 employees.", "Litres of water are treated on a day.")


def test_documents_come_back_in_order_with_their_scores_and_metadata(untrained: Reranker) -> None:
    from docrerank.integrations.langchain import PageCompressor

    given = [documents.Document(page_content=text, metadata={"place": place}) for place, text in enumerate(TEXTS)]
    found = PageCompressor(reranker=untrained, top_n=2).compress_documents(given, "How many employees are there?")
    assert found[0].metadata["place"] == 1
    assert len(found) == 2
    assert found[0].metadata["relevance_score"] > found[1].metadata["relevance_score"]
    assert "relevance_score" not in given[1].metadata


def test_no_documents_give_none(untrained: Reranker) -> None:
    from docrerank.integrations.langchain import PageCompressor

    assert list(PageCompressor(reranker=untrained).compress_documents([], "a question")) == []
