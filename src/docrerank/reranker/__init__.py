"""Scores, ranks and finds pages with a trained or an untrained reranker; loads and describes saved ones."""

from __future__ import annotations

from docrerank.reranker.answer import Answer, RankedPage
from docrerank.reranker.card import Calibration, ModelCard, describe_start, read_card
from docrerank.reranker.large_pages import LargePages
from docrerank.reranker.load import load_encoder
from docrerank.reranker.relevance import Threshold, choose_threshold, measure_relevance
from docrerank.reranker.reranker import Reranker
from docrerank.reranker.search import CACHE, Hit, Searcher, choose_windows, search
from docrerank.reranker.vision import is_vision_model

__all__ = [
    "CACHE",
    "Answer",
    "Calibration",
    "Hit",
    "LargePages",
    "ModelCard",
    "RankedPage",
    "Reranker",
    "Searcher",
    "Threshold",
    "choose_threshold",
    "choose_windows",
    "describe_start",
    "is_vision_model",
    "load_encoder",
    "measure_relevance",
    "read_card",
    "search",
]
