"""Scores, ranks and finds pages with a trained or an untrained reranker; loads and describes saved ones."""

from __future__ import annotations

from docrerank.reranker.load_text_model import load_encoder
from docrerank.reranker.reranker import Reranker
from docrerank.reranker.search import CACHE, Hit, Searcher, choose_windows, search

__all__ = ["CACHE", "Hit", "Reranker", "Searcher", "choose_windows", "load_encoder", "search"]
