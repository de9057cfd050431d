from __future__ import annotations

from typing import Any

import pytest
import torch

from docrerank.records import UserError
from docrerank.vision import packed_rows as layout_module
from docrerank.vision.prefix import PagePrefix, encode_pages, score_queries

FAMILIES = ("qwen2_vl", "qwen2_5_vl", "qwen3_vl")
BOUNDS = {torch.float64: 1e-12, torch.float32: 1e-5}


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("family", FAMILIES)
@torch.no_grad()
def test_stored_prefixes_score_as_whole_sequences_do(family: str, dtype: Any, make_plain: Any, pages: Any) -> None:
    plain = make_plain(family, dtype)
    tokens, queries = plain.read(pages), plain.ask()
    expected = plain.logits(tokens, queries)
    prefixes = encode_pages(plain.model, tokens)
    for per_row in (1, 2, 8):
        rows = [
            (prefix, asked[start : start + per_row])
            for prefix, asked in zip(prefixes, queries, strict=True)
            for start in range(0, len(asked), per_row)
        ]
        found = score_queries(plain.model, plain.cut_head(), *zip(*rows, strict=True))
        assert (found - expected).abs().max() < BOUNDS[dtype]


@torch.no_grad()
def test_adapted_and_eager_models_score_as_whole_sequences_do(make_plain: Any, pages: Any) -> None:
    plain = make_plain("qwen2_vl", torch.float32)
    plain.adapt()
    plain.model.get_base_model().set_attn_implementation("eager")
    tokens, queries = plain.read(pages), plain.ask()
    prefixes = encode_pages(plain.model, tokens)
    found = score_queries(plain.model, plain.cut_head(), prefixes, queries)
    assert (found - plain.logits(tokens, queries)).abs().max() < 1e-5


@torch.no_grad()
def test_what_must_not_equal_whole_sequences_does_not(
    make_plain: Any, pages: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = make_plain("qwen2_vl")
    tokens, queries = plain.read(pages), plain.ask()
    expected, head = plain.logits(tokens, queries), plain.cut_head()
    prefixes = encode_pages(plain.model, tokens)
    shifted = [PagePrefix(prefix.keys, prefix.values, prefix.next_position + 9) for prefix in prefixes]
    assert (score_queries(plain.model, head, shifted, queries) - expected).abs().max() > 1e-3
    others = [prefixes[1], prefixes[2], prefixes[0]]
    assert (score_queries(plain.model, head, others, queries) - expected).abs().max() > 1e-1
    monkeypatch.setattr(layout_module, "build_mask", causal_mask)
    assert (score_queries(plain.model, head, prefixes, queries) - expected).abs().max() > 1e-2


def causal_mask(keys: torch.Tensor, first: int = 0) -> torch.Tensor:
    length = keys.shape[1]
    return torch.ones(length, length, dtype=torch.bool).tril()[None, None, first:].expand(len(keys), 1, -1, -1)


def test_gradients_flow_through_a_prefix(make_plain: Any, pages: Any) -> None:
    plain = make_plain("qwen2_5_vl")
    tokens, queries = plain.read(pages), plain.ask()
    plain.logits(tokens, queries).square().sum().backward()
    expected = {name: parameter.grad.clone() for name, parameter in plain.model.named_parameters()}
    plain.model.zero_grad()
    score_queries(plain.model, plain.cut_head(), encode_pages(plain.model, tokens), queries).square().sum().backward()
    for name, parameter in plain.model.named_parameters():
        assert (parameter.grad - expected[name]).norm() <= 1e-6 * expected[name].norm() + 1e-12, name


def test_gradient_checkpointing_is_refused(make_plain: Any, pages: Any) -> None:
    plain = make_plain("qwen2_vl", torch.float32)
    plain.checkpoint()
    with pytest.raises(UserError, match="packed rows"):
        encode_pages(plain.model, plain.read(pages))
