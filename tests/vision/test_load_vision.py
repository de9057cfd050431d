from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from docrerank.records import UserError
from docrerank.vision import VisionReranker, is_vision_model, save_reranker
from docrerank.vision.checkpoint_files import find_contract
from docrerank.vision.contracts import MONO, QWEN3
from docrerank.vision.load_vision import choose_dtype


def copy_of(folder: Path, target: Path) -> Path:
    return Path(shutil.copytree(folder, target))


def change_json(file: Path, **values: Any) -> None:
    file.write_text(json.dumps({**json.loads(file.read_text()), **values}))


def test_vision_models_are_told_from_text_models_without_torch(bases: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / "config.json").write_text('{"model_type": "bert"}')
    assert [is_vision_model(folder) for folder in bases.values()] == [True] * 3
    assert is_vision_model("DocReRank/DocReRank-Reranker")
    assert is_vision_model("Qwen/Qwen2-VL-2B-Instruct")
    assert not is_vision_model(tmp_path / "text")
    assert not is_vision_model(tmp_path)
    assert not is_vision_model("cross-encoder/ms-marco-MiniLM-L6-v2")
    code = "import sys, docrerank.vision as v; v.is_vision_model('x'); print('torch' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert answer.strip() == "False"


def test_a_text_model_is_refused(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    transformers.BertConfig(hidden_size=8, num_attention_heads=1, num_hidden_layers=1).save_pretrained(tmp_path)
    with pytest.raises(UserError, match="is a bert model, not one that reads pages"):
        VisionReranker.from_pretrained(tmp_path)


def test_weights_other_than_safetensors_are_refused(bases: dict[str, Path], tmp_path: Path) -> None:
    folder = copy_of(bases["qwen2_vl"], tmp_path / "model")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(UserError, match="cannot be loaded"):
        VisionReranker.from_pretrained(folder)


def test_a_tokenizer_without_the_two_words_is_refused(bases: dict[str, Path], tmp_path: Path) -> None:
    folder = copy_of(bases["qwen2_vl"], tmp_path / "model")
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    tokenizer["model"]["merges"] = tokenizer["model"]["merges"][:1]
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    with pytest.raises(UserError, match="no single token 'True'"):
        VisionReranker.from_pretrained(folder)


def test_an_adapter_of_another_base_is_refused(bases: dict[str, Path], tmp_path: Path, make_plain: Any) -> None:
    import torch

    plain = make_plain("qwen2_vl", torch.float32)
    plain.adapt()
    plain.model.peft_config["default"].base_model_name_or_path = None
    plain.model.save_pretrained(tmp_path / "adapter")
    with pytest.raises(UserError, match="does not name its base"):
        VisionReranker.from_pretrained(tmp_path / "adapter")
    with pytest.raises(UserError, match="was not trained on"):
        VisionReranker.from_pretrained(tmp_path / "adapter", base=str(bases["qwen3_vl"]))
    fitting = VisionReranker.from_pretrained(tmp_path / "adapter", base=str(bases["qwen2_vl"]))
    assert fitting.parts.reader.prompt.is_shareable


def test_an_adapter_saved_by_an_older_transformers_finds_its_layers(
    bases: dict[str, Path], tmp_path: Path, make_plain: Any, pages: Any
) -> None:
    import torch
    from safetensors.torch import load_file, save_file

    plain = make_plain("qwen2_vl", torch.float32)
    plain.adapt()
    plain.model.peft_config["default"].target_modules = {
        "q_proj",
        "k_proj",
        "v_proj",
        "o_proj",
        "up_proj",
        "down_proj",
        "gate_proj",
    }
    plain.model.save_pretrained(tmp_path / "new")
    old = Path(shutil.copytree(tmp_path / "new", tmp_path / "old"))
    weights = load_file(old / "adapter_model.safetensors")
    renamed = {name.replace("model.language_model.layers", "model.layers"): weight for name, weight in weights.items()}
    save_file(renamed, old / "adapter_model.safetensors")
    assert renamed.keys() != weights.keys()
    scores = [
        VisionReranker.from_pretrained(folder, base=str(bases["qwen2_vl"])).predict(
            [("margin", page) for page in pages]
        )
        for folder in (tmp_path / "new", old)
    ]
    assert scores[0] == pytest.approx(scores[1], abs=1e-6)


def test_known_checkpoints_bring_their_prompt() -> None:
    assert find_contract("DocReRank/DocReRank-Reranker") is MONO
    assert find_contract("lightonai/MonoQwen2-VL-v0.1") is MONO
    assert find_contract("models/Qwen3-VL-Reranker-2B/") is QWEN3
    assert find_contract("Qwen/Qwen2-VL-2B-Instruct") is None


def test_another_ones_cross_encoder_keeps_its_template_words_and_activation(
    bases: dict[str, Path], tmp_path: Path, tokenizer: Any, pages: Any, cross_encoder: Any
) -> None:
    ours = VisionReranker.from_pretrained(bases["qwen2_vl"])
    folder = save_reranker(ours.parts, tmp_path / "other")
    template = (
        "<|im_start|>user\n{% for m in messages %}{% for c in m.content if c.type == 'image' %}"
        "<|vision_start|><|image_pad|><|vision_end|>{% endfor %}{% endfor %}"
        "{% for m in messages %}{% for c in m.content if c.type == 'text' %}{{ '[' ~ m.role ~ '] ' ~ c.text }}"
        "{% endfor %}{% endfor %}<|im_end|>\n<|im_start|>assistant"
    )
    (folder / "chat_template.jinja").write_text(template)
    yes, no = tokenizer.convert_tokens_to_ids(["yes", "no"])
    change_json(folder / "1_LogitScore" / "config.json", true_token_id=yes, false_token_id=no)
    change_json(folder / "config_sentence_transformers.json", activation_fn="torch.nn.modules.linear.Identity")
    loaded = VisionReranker.from_pretrained(folder)
    pairs: list[Any] = [("margin", page) for page in pages] + [("margin", {"image": pages[0], "text": "Net sales"})]
    assert loaded.predict(pairs) == pytest.approx(cross_encoder(folder).predict(pairs), abs=1e-5)
    assert loaded.parts.tokens == (yes, no)


@pytest.mark.parametrize(("options", "message"), [({"prompt": "none"}, "no prompt 'none'")])
def test_a_wrong_option_is_named(options: dict[str, Any], message: str, bases: dict[str, Path]) -> None:
    with pytest.raises(UserError, match=message):
        VisionReranker.from_pretrained(bases["qwen2_vl"], **options)


def test_every_contract_bounds_a_page_and_says_what_it_costs(bases: dict[str, Path], tmp_path: Path) -> None:
    mono = copy_of(bases["qwen2_vl"], tmp_path / "MonoQwen2-VL-v0.1")
    change_json(mono / "preprocessor_config.json", size={"shortest_edge": 3136, "longest_edge": 12_845_056})
    plain = copy_of(mono, tmp_path / "base")
    for folder, prompt, pixels in ((mono, None, 602_112), (mono, "qwen3", 1_310_720), (plain, None, 602_112)):
        assert VisionReranker.from_pretrained(folder, prompt=prompt).parts.reader.pixels == pixels
    told = VisionReranker.from_pretrained(mono, pixels=28 * 28 * 100).parts.describe()
    assert told == "a page has up to 100 visual tokens (78,400 pixels; --pixels changes it)"


def test_a_base_model_is_said_to_be_zero_shot_and_a_reranker_is_not(bases: dict[str, Path], tmp_path: Path) -> None:
    base = VisionReranker.from_pretrained(bases["qwen2_vl"])
    assert base.parts.describe().endswith("a base model, not trained to rank: zero-shot")
    saved = VisionReranker.from_pretrained(save_reranker(base.parts, tmp_path / "saved"))
    assert "zero-shot" not in saved.parts.describe()


def test_a_model_whose_own_code_scores_is_refused(bases: dict[str, Path], tmp_path: Path) -> None:
    folder = copy_of(bases["qwen2_vl"], tmp_path / "jina-reranker-m0")
    change_json(folder / "config.json", architectures=["JinaVLForRanking"])
    with pytest.raises(UserError, match="is a JinaVLForRanking, whose own code scores"):
        VisionReranker.from_pretrained(folder)


@pytest.mark.parametrize("text", ["{", "7", "[1]"])
def test_broken_modules_are_told_in_one_line(text: str, bases: dict[str, Path], tmp_path: Path) -> None:
    folder = copy_of(bases["qwen2_vl"], tmp_path / "model")
    (folder / "modules.json").write_text(text)
    with pytest.raises(UserError, match=r"modules\.json .*: fetch or save the model again") as told:
        VisionReranker.from_pretrained(folder)
    assert "\n" not in str(told.value)


def test_a_hub_name_that_is_not_here_says_how_to_fetch_it(monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(UserError, match="hf download nobody/qwen2-vl-none, or set HF_HUB_OFFLINE=0"):
        VisionReranker.from_pretrained("nobody/qwen2-vl-none")


def test_weights_keep_their_stored_type_on_a_gpu() -> None:
    import torch

    assert choose_dtype("cpu") is torch.float32
    assert choose_dtype("cuda") == "auto"
