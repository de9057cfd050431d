from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from docrerank.records import UserError
from docrerank.vision import VisionReranker, export_classifier, is_vision_model, save_reranker

FAMILIES = ("qwen2_vl", "qwen2_5_vl", "qwen3_vl")
QUERIES = ("margin", "net sales in 2021")


@pytest.fixture(scope="session")
def adapter(bases: dict[str, Path], tmp_path_factory: pytest.TempPathFactory, make_plain: Any) -> Path:
    """A LoRA adapter of the Qwen2-VL base, saved as peft saves one."""
    import torch

    plain = make_plain("qwen2_vl", torch.float32)
    plain.adapt()
    folder = tmp_path_factory.mktemp("adapters") / "adapter"
    plain.model.peft_config["default"].base_model_name_or_path = str(bases["qwen2_vl"])
    plain.model.save_pretrained(folder)
    return folder


def wrap(parts: Any, adapter: Path) -> Any:
    """The parts of a base with an adapter around it, as training holds them."""
    from peft import PeftModel

    return replace(parts, model=PeftModel.from_pretrained(parts.model, adapter).eval())


def test_an_adapter_scores_alike_apart_merged_saved_and_in_plain_cross_encoder(
    adapter: Path, bases: dict[str, Path], pages: Any, tmp_path: Path, cross_encoder: Any
) -> None:
    pairs = [(query, page) for query in QUERIES for page in pages]
    ours = VisionReranker.from_pretrained(adapter, prompt="own")
    scores = ours.predict(pairs)
    assert np.abs(scores - VisionReranker.from_pretrained(bases["qwen2_vl"]).predict(pairs)).max() > 1e-3
    apart = VisionReranker(wrap(VisionReranker.from_pretrained(bases["qwen2_vl"]).parts, adapter))
    assert hasattr(apart.model, "peft_config")
    assert not hasattr(ours.model, "peft_config")
    np.testing.assert_allclose(apart.predict(pairs), scores, atol=1e-5)
    merged = save_reranker(apart.parts, tmp_path / "merged")
    alone = save_reranker(apart.parts, tmp_path / "alone", form="adapter")
    assert not (merged / "adapter_config.json").exists()
    assert not (alone / "model.safetensors").exists()
    for folder in (merged, alone):
        np.testing.assert_allclose(VisionReranker.from_pretrained(folder).predict(pairs), scores, atol=1e-5)
        np.testing.assert_allclose(cross_encoder(folder).predict(pairs), scores, atol=1e-5)
    np.testing.assert_allclose(apart.predict(pairs), scores, atol=1e-5)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_classifier_export_has_one_row_for_the_head(family: str, bases: dict[str, Path], tmp_path: Path) -> None:
    from safetensors.torch import load_file

    parts = VisionReranker.from_pretrained(bases[family]).parts
    folder = export_classifier(parts, tmp_path / "classifier")
    weights, head = load_file(folder / "model.safetensors"), parts.head().detach().float()
    (name,) = (name for name in weights if name.endswith("score.weight"))
    np.testing.assert_allclose(weights[name], (head[0] - head[1])[None], atol=1e-6)
    assert not any(name.startswith("lm_head.") for name in weights)
    template = (folder / "chat_template.jinja").read_text()
    assert template == parts.reader.prompt.template
    config = json.loads((folder / "config.json").read_text())
    assert config["architectures"][0].endswith("ForSequenceClassification")
    assert config["num_labels"] == config["text_config"]["num_labels"] == 1
    assert not {"classifier_from_token", "method"} & set(config)
    with pytest.raises(UserError, match="classifier"):
        VisionReranker.from_pretrained(folder)


def test_a_saved_folder_holds_prompt_and_budget_and_no_image(
    bases: dict[str, Path], pages: Any, tmp_path: Path
) -> None:
    ours = VisionReranker.from_pretrained(bases["qwen2_vl"], prompt="mono", pixels=28 * 28 * 20)
    scores = ours.predict([("margin", page) for page in pages])
    folder = save_reranker(ours.parts, tmp_path / "saved")
    assert is_vision_model(folder)
    loaded = VisionReranker.from_pretrained(folder)
    assert loaded.parts.reader.pixels == 28 * 28 * 20
    assert "previous image document" in loaded.parts.reader.prompt.template
    np.testing.assert_allclose(loaded.predict([("margin", page) for page in pages]), scores, atol=1e-6)
    assert {path.suffix for path in folder.rglob("*") if path.is_file()} <= {".json", ".jinja", ".safetensors", ".md"}


def test_a_merge_into_bfloat16_rounds_and_one_into_float32_does_not(
    adapter: Path, bases: dict[str, Path], tmp_path: Path
) -> None:
    import torch
    from safetensors.torch import load_file

    base = VisionReranker.from_pretrained(bases["qwen2_vl"], prompt="own", dtype=torch.bfloat16)
    parts = wrap(base.parts, adapter)
    half, whole = (
        load_file(save_reranker(parts, tmp_path / form, form=form) / "model.safetensors")
        for form in ("merged", "float32")
    )
    name = next(name for name in half if name.endswith("q_proj.weight"))
    assert (half[name].dtype, whole[name].dtype) == (torch.bfloat16, torch.float32)
    lost = (half[name].float() - whole[name]).abs().max()
    assert 0 < lost < 0.01
    assert parts.model.get_base_model().dtype == torch.bfloat16
