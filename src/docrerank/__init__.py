"""docrerank: from a folder of PDFs to a reranker trained on verified single-page hard negative queries."""

from __future__ import annotations

from importlib.metadata import version

__version__ = version("docrerank")
