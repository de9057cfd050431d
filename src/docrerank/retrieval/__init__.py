"""Finding pages: comparable words, BM25, windows and tokens of a text model, fusion, the index on disk."""

from __future__ import annotations

from docrerank.retrieval.ahead import EncoderElsewhere, encode_ahead
from docrerank.retrieval.bm25 import Bm25
from docrerank.retrieval.encoder import (
    QUERY_TOKENS,
    Encoding,
    PageEncoder,
    TokenEncoder,
    TokenWindows,
    Vectors,
    build_model,
    find_prompt,
)
from docrerank.retrieval.first_stage import Candidates, FirstStage
from docrerank.retrieval.fusion import FusionWeights, fuse, order
from docrerank.retrieval.large_pages import LargePages
from docrerank.retrieval.late_interaction import score_tokens, score_windows
from docrerank.retrieval.model_card import Calibration, ModelCard, describe_start, read_card
from docrerank.retrieval.named_pages import NamedPages
from docrerank.retrieval.page_heading import find_heading
from docrerank.retrieval.page_store import ENCODINGS, PageStore
from docrerank.retrieval.postings import SHIFT, Places, Postings, hash_term, write_postings
from docrerank.retrieval.query_encoder import QueryEncoder, is_light, read_tensors
from docrerank.retrieval.relevance import Answer, RankedPage, Threshold, choose_threshold, measure_relevance
from docrerank.retrieval.run_index import Search, check_pages, is_large, open_index
from docrerank.retrieval.snippet import find_snippet
from docrerank.retrieval.start_models import (
    MINI,
    STARTS,
    UNTRAINED,
    hash_start,
    load_query_start,
    load_start,
    load_untrained,
    minilm_folder,
    window_settings,
)
from docrerank.retrieval.terms import same_meaning, similarity, stem, terms, tokens, years
from docrerank.retrieval.windows import MAX_PAGE_TOKENS, WindowCutter, WindowSettings, clean_text

__all__ = [
    "ENCODINGS",
    "MAX_PAGE_TOKENS",
    "MINI",
    "QUERY_TOKENS",
    "SHIFT",
    "STARTS",
    "UNTRAINED",
    "Answer",
    "Bm25",
    "Calibration",
    "Candidates",
    "EncoderElsewhere",
    "Encoding",
    "FirstStage",
    "FusionWeights",
    "LargePages",
    "ModelCard",
    "NamedPages",
    "PageEncoder",
    "PageStore",
    "Places",
    "Postings",
    "QueryEncoder",
    "RankedPage",
    "Search",
    "Threshold",
    "TokenEncoder",
    "TokenWindows",
    "Vectors",
    "WindowCutter",
    "WindowSettings",
    "build_model",
    "check_pages",
    "choose_threshold",
    "clean_text",
    "describe_start",
    "encode_ahead",
    "find_heading",
    "find_prompt",
    "find_snippet",
    "fuse",
    "hash_start",
    "hash_term",
    "is_large",
    "is_light",
    "load_query_start",
    "load_start",
    "load_untrained",
    "measure_relevance",
    "minilm_folder",
    "open_index",
    "order",
    "read_card",
    "read_tensors",
    "same_meaning",
    "score_tokens",
    "score_windows",
    "similarity",
    "stem",
    "terms",
    "tokens",
    "window_settings",
    "write_postings",
    "years",
]
