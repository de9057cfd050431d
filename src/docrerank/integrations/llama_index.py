"""A reranker as LlamaIndex's node postprocessor."""

from __future__ import annotations

from typing import Any

from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.schema import MetadataMode, NodeWithScore, QueryBundle


class PageRerank(BaseNodePostprocessor):  # type: ignore[misc]
    """Orders nodes by a reranker of this process; their scores become its scores.

    Attributes:
        reranker: a `docrerank.reranker.Reranker`.
        top_n: how many nodes to keep; all if None.

    Examples:
        >>> from docrerank.reranker import Reranker  # doctest: +SKIP
        >>> rerank = PageRerank(reranker=Reranker.from_pretrained("RUN/model"), top_n=5)  # doctest: +SKIP
        >>> rerank.postprocess_nodes(nodes, query_str="net sales in 2020")  # doctest: +SKIP
    """

    reranker: Any
    top_n: int | None = None

    @classmethod
    def class_name(cls) -> str:
        """As LlamaIndex names it."""
        return "PageRerank"

    def _postprocess_nodes(self, nodes: list[Any], query_bundle: QueryBundle | None = None) -> list[Any]:
        if query_bundle is None or not nodes:
            return list(nodes)
        texts = [node.node.get_content(metadata_mode=MetadataMode.NONE) for node in nodes]
        ranked = self.reranker.rank(query_bundle.query_str, texts, top_k=self.top_n)
        return [NodeWithScore(node=nodes[hit["corpus_id"]].node, score=float(hit["score"])) for hit in ranked]
