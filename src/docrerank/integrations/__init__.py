"""A reranker inside other libraries: `docrerank.integrations.langchain`, `docrerank.integrations.llama_index`."""

from __future__ import annotations
