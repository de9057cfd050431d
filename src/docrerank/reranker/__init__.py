"""Finds and ranks pages: windows, encodings, late interaction, fusion, search."""

from __future__ import annotations

from docrerank.reranker.bm25 import Bm25
from docrerank.reranker.card import Calibration, ModelCard, read_card
from docrerank.reranker.context import find_heading
from docrerank.reranker.encoder import Encoding, Precision, TokenEncoder, Vectors
from docrerank.reranker.first_stage import FirstStage
from docrerank.reranker.fusion import FusionWeights, fuse, standardise
from docrerank.reranker.late_interaction import score_tokens, score_windows
from docrerank.reranker.load import load_encoder, load_untrained
from docrerank.reranker.page_store import PageStore
from docrerank.reranker.reranker import RankedPage, Reranker
from docrerank.reranker.search import Hit, Searcher, search, window_settings
from docrerank.reranker.windows import WindowSettings

__all__ = [
    "Bm25",
    "Calibration",
    "Encoding",
    "FirstStage",
    "FusionWeights",
    "Hit",
    "ModelCard",
    "PageStore",
    "Precision",
    "RankedPage",
    "Reranker",
    "Searcher",
    "TokenEncoder",
    "Vectors",
    "WindowSettings",
    "find_heading",
    "fuse",
    "load_encoder",
    "load_untrained",
    "read_card",
    "score_tokens",
    "score_windows",
    "search",
    "standardise",
    "window_settings",
]
