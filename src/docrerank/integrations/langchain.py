"""A reranker as LangChain's document compressor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from langchain_core.callbacks import Callbacks
from langchain_core.documents import BaseDocumentCompressor, Document
from pydantic import ConfigDict


class PageCompressor(BaseDocumentCompressor):
    """Orders documents by a reranker of this process; `relevance_score` in their metadata is its score.

    Attributes:
        reranker: a `docrerank.reranker.Reranker`.
        top_n: how many documents to keep; all if None.

    Examples:
        >>> from docrerank.reranker import Reranker  # doctest: +SKIP
        >>> compressor = PageCompressor(reranker=Reranker.from_pretrained("RUN/model"), top_n=5)  # doctest: +SKIP
        >>> compressor.compress_documents(documents, "net sales in 2020")  # doctest: +SKIP
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    reranker: Any
    top_n: int | None = None

    def compress_documents(
        self, documents: Sequence[Document], query: str, callbacks: Callbacks | None = None
    ) -> Sequence[Document]:
        """The best documents first, as copies; none for none."""
        if not documents:
            return []
        ranked = self.reranker.rank(query, [document.page_content for document in documents], top_k=self.top_n)
        return [_with_score(documents[hit["corpus_id"]], float(hit["score"])) for hit in ranked]


def _with_score(document: Document, score: float) -> Document:
    return document.model_copy(update={"metadata": {**document.metadata, "relevance_score": score}})
