"""Pages and queries as vectors: windows, MiniLM's encodings, and late interaction; a page is encoded once."""

from __future__ import annotations

from docrerank.encoding.ahead import encode_ahead
from docrerank.encoding.context import find_heading
from docrerank.encoding.elsewhere import EncoderElsewhere
from docrerank.encoding.encoder import (
    Encoding,
    Precision,
    TokenEncoder,
    Vectors,
    batch_by_size,
    build_model,
    choose_precision,
)
from docrerank.encoding.late_interaction import score_tokens, score_windows
from docrerank.encoding.page_store import ENCODINGS, PageStore
from docrerank.encoding.rarity import Rarity, read_rarity, weigh_tokens, write_rarity
from docrerank.encoding.start import (
    MINI,
    SCALES,
    STARTS,
    UNTRAINED,
    add_difference,
    hash_start,
    load_start,
    load_untrained,
    window_settings,
)
from docrerank.encoding.weights import MINILM_SHA256, check_weights, hash_file, minilm_folder
from docrerank.encoding.windows import MAX_PAGE_TOKENS, WindowCutter, WindowSettings, clean_text, group_lines

__all__ = [
    "ENCODINGS",
    "MAX_PAGE_TOKENS",
    "MINI",
    "MINILM_SHA256",
    "SCALES",
    "STARTS",
    "UNTRAINED",
    "EncoderElsewhere",
    "Encoding",
    "PageStore",
    "Precision",
    "Rarity",
    "TokenEncoder",
    "Vectors",
    "WindowCutter",
    "WindowSettings",
    "add_difference",
    "batch_by_size",
    "build_model",
    "check_weights",
    "choose_precision",
    "clean_text",
    "encode_ahead",
    "find_heading",
    "group_lines",
    "hash_file",
    "hash_start",
    "load_start",
    "load_untrained",
    "minilm_folder",
    "read_rarity",
    "score_tokens",
    "score_windows",
    "weigh_tokens",
    "window_settings",
    "write_rarity",
]
