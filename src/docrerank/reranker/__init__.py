"""Scores, ranks and finds pages with a trained or an untrained reranker; loads and describes saved ones."""

from __future__ import annotations

from docrerank.reranker.cross_encoder import PageCrossEncoder
from docrerank.reranker.first_encoder import FirstEncoder, fingerprint_first, load_first, open_first
from docrerank.reranker.load_text_model import check_base, find_kind, hash_text_model, load_encoder, load_text, locate
from docrerank.reranker.probability import share_probability
from docrerank.reranker.reranker import Reranker
from docrerank.reranker.run_search import CACHE, Hit, Searcher, choose_windows, list_hits, search

__all__ = [
    "CACHE",
    "FirstEncoder",
    "Hit",
    "PageCrossEncoder",
    "Reranker",
    "Searcher",
    "check_base",
    "choose_windows",
    "find_kind",
    "fingerprint_first",
    "hash_text_model",
    "list_hits",
    "load_encoder",
    "load_first",
    "load_text",
    "locate",
    "open_first",
    "search",
    "share_probability",
]
