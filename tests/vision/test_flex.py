from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from docrerank.vision import VisionReranker, packed_logits
from docrerank.vision import layout as layout_module
from docrerank.vision.flex import FLEX, name_attention, use_flex
from docrerank.vision.prefix import encode_pages, score_queries

pytestmark = pytest.mark.filterwarnings("ignore:.*flex_attention called without torch.compile.*")


@torch.no_grad()
@pytest.mark.parametrize("family", ["qwen2_vl", "qwen2_5_vl", "qwen3_vl"])
def test_flex_attention_scores_as_separate_sequences_do(family: str, make_plain: Any, pages: Any) -> None:
    plain = make_plain(family, torch.float32)
    tokens, queries = plain.read(pages), plain.ask()
    expected, head = plain.logits(tokens, queries), plain.cut_head()
    use_flex(plain.model)
    for side in ("left", "right"):
        assert (packed_logits(plain.model, head, tokens, queries, side) - expected).abs().max() < 1e-5
        prefixes = encode_pages(plain.model, tokens, side)
        assert (score_queries(plain.model, head, prefixes, queries, 2, side) - expected).abs().max() < 1e-5


@torch.no_grad()
def test_flex_attention_that_sees_other_queries_does_not(
    make_plain: Any, pages: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = make_plain("qwen2_vl", torch.float32)
    tokens, queries = plain.read(pages), plain.ask()
    expected, head = plain.logits(tokens, queries), plain.cut_head()
    use_flex(plain.model)
    monkeypatch.setattr(layout_module, "_sees", lambda keys, row, query, key: key <= query)
    assert (packed_logits(plain.model, head, tokens, queries) - expected).abs().max() > 1e-2


def test_a_reranker_is_loaded_with_flex_attention(bases: dict[str, Path], pages: Any) -> None:
    plain, flex = (
        VisionReranker.from_pretrained(bases["qwen2_vl"], device="cpu", attention=attention)
        for attention in ("sdpa", "flex")
    )
    pairs = [("net sales", page) for page in pages]
    assert abs(plain.score(pairs).values - flex.score(pairs).values).max() < 1e-5


def test_the_attention_of_a_models_text_layers_is_known_by_name(make_plain: Any) -> None:
    plain = make_plain("qwen2_vl", torch.float32)
    assert name_attention(plain.model) == "sdpa"
    use_flex(plain.model)
    assert name_attention(plain.model) == FLEX
