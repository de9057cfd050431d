"""Training of a vision-language reranker: pages are images, and each is encoded once for all its queries."""

from __future__ import annotations

from docrerank.training.vision.base import fingerprint_vision, hash_base
from docrerank.training.vision.pairs import Pair, cut_pieces, cut_units, list_pairs, share_units

__all__ = ["Pair", "cut_pieces", "cut_units", "fingerprint_vision", "hash_base", "list_pairs", "share_units"]
