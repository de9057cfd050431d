"""The adapter for LlamaIndex, and LlamaIndex's and LangChain's own rerankers asked through our server.

`make clients` installs these libraries into an environment of their own and runs this file there.
"""

from __future__ import annotations

from typing import Any

import pytest

from docrerank.reranker import Reranker

TEXTS = ("The board met in March.", "The company had 5,200 employees.", "Litres of water are treated on a day.")
QUESTION = "How many employees are there?"


def make_nodes() -> list[Any]:
    schema = pytest.importorskip("llama_index.core.schema")
    return [schema.NodeWithScore(node=schema.TextNode(text=text), score=0.0) for text in TEXTS]


def test_nodes_come_back_in_order_with_their_scores(untrained: Reranker) -> None:
    nodes = make_nodes()
    from docrerank.integrations.llama_index import PageRerank

    found = PageRerank(reranker=untrained, top_n=2).postprocess_nodes(nodes, query_str=QUESTION)
    assert found[0].node.get_content() == TEXTS[1]
    assert len(found) == 2
    assert found[0].score > found[1].score


def test_llama_index_asks_our_server_with_its_cohere_reranker(server: Any) -> None:
    nodes = make_nodes()
    cohere_rerank = pytest.importorskip("llama_index.postprocessor.cohere_rerank")
    rerank = cohere_rerank.CohereRerank(api_key="none", model="minilm", top_n=2, base_url=server.url)
    found = rerank.postprocess_nodes(nodes, query_str=QUESTION)
    assert found[0].node.get_content() == TEXTS[1]


def test_langchain_asks_our_server_with_its_cohere_reranker(server: Any) -> None:
    langchain_cohere = pytest.importorskip("langchain_cohere")
    from langchain_core.documents import Document

    rerank = langchain_cohere.CohereRerank(cohere_api_key="none", model="minilm", top_n=2, base_url=server.url)
    found = rerank.compress_documents([Document(page_content=text) for text in TEXTS], QUESTION)
    assert found[0].page_content == TEXTS[1]
