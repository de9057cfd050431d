"""The vision-language reranker: a page image is encoded once for all its queries, exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from docrerank.vision.base import (
    count_bytes,
    count_free,
    count_needed,
    count_processes,
    fingerprint_vision,
    hash_base,
    read_rank,
)
from docrerank.vision.detect import find_folder, is_vision_model, reads_images
from docrerank.vision.page_embedder import PageEmbedder

if TYPE_CHECKING:
    from docrerank.vision.packed_rows import packed_logits
    from docrerank.vision.page_cache import HOST_BYTES, PageCache
    from docrerank.vision.save import export_classifier, save_reranker
    from docrerank.vision.vision_reranker import VisionReranker

#: What needs torch, and its file: imported only when it is asked for.
_HOMES = {
    "HOST_BYTES": "page_cache",
    "PageCache": "page_cache",
    "VisionReranker": "vision_reranker",
    "export_classifier": "save",
    "packed_logits": "packed_rows",
    "save_reranker": "save",
}

__all__ = [
    "HOST_BYTES",
    "PageCache",
    "PageEmbedder",
    "VisionReranker",
    "count_bytes",
    "count_free",
    "count_needed",
    "count_processes",
    "export_classifier",
    "find_folder",
    "fingerprint_vision",
    "hash_base",
    "is_vision_model",
    "packed_logits",
    "read_rank",
    "reads_images",
    "save_reranker",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__} has no attribute '{name}'")
    from docrerank.recipe import require

    return getattr(require(f"{__name__}.{_HOMES[name]}", extra="train"), name)
