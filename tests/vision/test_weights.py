from __future__ import annotations

import json
from pathlib import Path

from docrerank.vision import count_bytes, count_needed


def test_a_model_in_one_file_or_in_several_has_its_bytes(tiny_base: Path, tmp_path: Path) -> None:
    whole = count_bytes(str(tiny_base))
    assert whole == (tiny_base / "model.safetensors").stat().st_size
    (tmp_path / "config.json").write_bytes((tiny_base / "config.json").read_bytes())
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps({"metadata": {"total_size": 4_418_050_048}}))
    assert count_bytes(str(tmp_path)) == 4_418_050_048
    (tmp_path / "adapter").mkdir()
    (tmp_path / "adapter" / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": str(tiny_base)}))
    assert count_bytes(str(tmp_path / "adapter")) == whole


def test_weights_that_learn_take_their_gradients_and_moments_too() -> None:
    assert count_needed(10, lora_rank=32, on_gpu=True) == 10
    assert count_needed(10, lora_rank=32, on_gpu=False) == 20  # float32
    assert count_needed(10, lora_rank=0, on_gpu=True) == 80
