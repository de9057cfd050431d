"""Scores, ranks and finds pages with a trained or an untrained reranker; loads and describes saved ones."""

from __future__ import annotations

from docrerank.reranker.card import Calibration, ModelCard, read_card
from docrerank.reranker.load import load_encoder
from docrerank.reranker.reranker import RankedPage, Reranker
from docrerank.reranker.search import Hit, Searcher, search

__all__ = [
    "Calibration",
    "Hit",
    "ModelCard",
    "RankedPage",
    "Reranker",
    "Searcher",
    "load_encoder",
    "read_card",
    "search",
]
