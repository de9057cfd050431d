from __future__ import annotations

from typing import Any

import pytest
import torch

from docrerank.vision import packed_logits
from docrerank.vision import packed_rows as layout_module
from docrerank.vision import packed_rows as packed_module

FAMILIES = ("qwen2_vl", "qwen2_5_vl", "qwen3_vl")
#: Largest difference of logits, and of a tensor's gradient against its norm.
BOUNDS = {torch.float64: (1e-12, 1e-6), torch.float32: (1e-5, 1e-4)}


def gradients(model: Any, loss: torch.Tensor) -> dict[str, torch.Tensor]:
    model.zero_grad()
    loss.backward()
    return {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}


def assert_close(found: dict[str, torch.Tensor], expected: dict[str, torch.Tensor], bound: float) -> None:
    assert found.keys() == expected.keys()
    largest = max(float(gradient.norm()) for gradient in expected.values())
    for name, gradient in expected.items():
        # A gradient that is nothing but rounding (of key biases, say) is held against the largest one.
        scale = max(float(gradient.norm()), 1e-4 * largest)
        assert float((found[name] - gradient).norm()) <= bound * scale, name


def loss_of(logits: torch.Tensor) -> torch.Tensor:
    labels = torch.arange(len(logits)) % 2
    return torch.nn.functional.cross_entropy(logits, labels, weight=torch.tensor([3.0, 1.0], dtype=logits.dtype))


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("adapted", [False, True])
@pytest.mark.parametrize("family", FAMILIES)
def test_packed_rows_equal_separate_sequences(
    family: str, dtype: Any, adapted: bool, make_plain: Any, pages: Any
) -> None:
    plain, (bound, relative) = make_plain(family, dtype), BOUNDS[dtype]
    if adapted:
        plain.adapt()
    tokens, queries = plain.read(pages), plain.ask()
    reference = plain.logits(tokens, queries)
    expected = gradients(plain.model, loss_of(reference))
    for checkpointed in (False, True):
        if checkpointed:
            plain.checkpoint()
        found = packed_logits(plain.model, plain.cut_head(), tokens, queries)
        assert (found - reference).abs().max() < bound
        assert_close(gradients(plain.model, loss_of(found)), expected, relative)


@torch.no_grad()
def test_what_must_not_equal_separate_sequences_does_not(
    make_plain: Any, pages: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = make_plain("qwen3_vl")
    tokens, queries = plain.read(pages), plain.ask()
    expected, head = plain.logits(tokens, queries), plain.cut_head()
    others = [tokens[1], tokens[2], tokens[0]]
    assert (packed_logits(plain.model, head, others, queries) - expected).abs().max() > 1e-1
    with monkeypatch.context() as patch:
        lay_out = packed_module.lay_out
        patch.setattr(packed_module, "lay_out", lambda *arguments: running_on(lay_out(*arguments)))
        assert (packed_logits(plain.model, head, tokens, queries) - expected).abs().max() > 1e-3
    monkeypatch.setattr(
        layout_module, "build_mask", lambda keys, first: torch.ones(keys.shape[1:] * 2).bool().tril()[None, None]
    )
    assert (packed_logits(plain.model, head, tokens, queries) - expected).abs().max() > 1e-2


def running_on(rows: Any) -> Any:
    """Positions that run on from query to query instead of beginning again behind the page."""
    import dataclasses

    positions = rows.positions.clone()
    for row, segments in enumerate(rows.segments):
        later = segments > 1
        start = positions[:, row, later].min()
        positions[:, row, later] = start + torch.arange(int(later.sum()))
    return dataclasses.replace(rows, positions=positions)


def test_a_short_training_run_has_the_same_losses(make_plain: Any, pages: Any) -> None:
    losses = []
    for form in ("plain", "packed"):
        plain = make_plain("qwen2_vl", torch.float32)
        plain.adapt()
        tokens, queries = plain.read(pages), plain.ask()
        optimiser = torch.optim.AdamW([p for p in plain.model.parameters() if p.requires_grad], lr=1e-2)
        run = []
        for _ in range(4):
            packed = form == "packed"
            head = plain.cut_head()
            logits = packed_logits(plain.model, head, tokens, queries) if packed else plain.logits(tokens, queries)
            optimiser.zero_grad()
            loss = loss_of(logits)
            loss.backward()
            optimiser.step()
            run.append(float(loss.detach()))
        losses.append(run)
    assert losses[0] == pytest.approx(losses[1], abs=1e-4)
    assert losses[0][-1] < losses[0][0]
