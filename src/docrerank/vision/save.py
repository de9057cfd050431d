"""Saves a reranker as a CrossEncoder folder that plain sentence-transformers loads, docrerank installed or not."""

from __future__ import annotations

import copy
import json
import shutil
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

from docrerank.records import UserError
from docrerank.runs import read_json, write_text
from docrerank.vision.backbone import unwrap
from docrerank.vision.checkpoint_files import find_file
from docrerank.vision.load_vision import Parts

SaveForm = Literal["merged", "float32", "adapter"]
_PROCESSORS = {
    "qwen2_vl": ("Qwen2VLProcessor", "Qwen2VLVideoProcessor"),
    "qwen2_5_vl": ("Qwen2_5_VLProcessor", "Qwen2VLVideoProcessor"),
    "qwen3_vl": ("Qwen3VLProcessor", "Qwen3VLVideoProcessor"),
}
_FORWARD = {"method": "forward", "method_output_name": "logits"}
_TRANSFORMER = {
    "transformer_task": "any-to-any",
    "modality_config": {"text": _FORWARD, "image": _FORWARD, "message": {**_FORWARD, "format": "structured"}},
    "module_output_name": "causal_logits",
}
_MODULES = [
    {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.base.modules.transformer.Transformer"},
    {
        "idx": 1,
        "name": "1",
        "path": "1_LogitScore",
        "type": "sentence_transformers.cross_encoder.modules.logit_score.LogitScore",
    },
]
_ACTIVATIONS = {
    "sigmoid": "torch.nn.modules.activation.Sigmoid",
    "identity": "torch.nn.modules.linear.Identity",
}


def save_reranker(parts: Parts, folder: str | Path, form: SaveForm = "merged") -> Path:
    """Write a reranker that plain `CrossEncoder(folder)` loads with the same scores.

    Args:
        parts: the reranker; `VisionReranker.parts`.
        folder: made if it is not there; no image ever goes into it.
        form: `merged` puts an adapter's weights into the model's own, in their type (bfloat16 on a GPU, which rounds
            small changes away), `float32` in twice the bytes; `adapter` writes the adapter alone and names its base.

    Raises:
        UserError: there is no adapter to write alone.
    """
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    (target / "modules.json").unlink(missing_ok=True)
    _save_weights(parts.model, target, form)
    save_reading(parts, target)
    _write_json(target / "1_LogitScore" / "config.json", _logit_score(parts))
    _write_json(target / "sentence_bert_config.json", _TRANSFORMER)
    _write_json(target / "config_sentence_transformers.json", _settings(parts))
    _write_json(target / "modules.json", _MODULES)
    return target


def save_reading(parts: Parts, target: Path) -> None:
    """Write what reads a pair: tokenizer, image processor, chat template; the video settings that loaders ask for."""
    family = unwrap(parts.model).config.model_type
    processor, video = _PROCESSORS[family]
    parts.tokenizer.save_pretrained(target)
    write_text(target / "chat_template.jinja", parts.reader.prompt.template)
    parts.reader.processor.save_pretrained(target)
    settings = read_json(target / "preprocessor_config.json")
    _write_json(target / "preprocessor_config.json", settings | {"processor_class": processor})
    stored = find_file(parts.name, "video_preprocessor_config.json")
    if stored is None:
        _write_json(
            target / "video_preprocessor_config.json", {"video_processor_type": video, "processor_class": processor}
        )
    elif stored.parent.resolve() != target.resolve():
        shutil.copyfile(stored, target / "video_preprocessor_config.json")


def merge(model: Any, whole: bool = False) -> Any:
    """The plain model, an adapter's weights added to it, in float32 if `whole`; the model given stays as it is."""
    if whole:
        model = copy.deepcopy(model).float()
    if not hasattr(model, "merge_and_unload"):
        return model
    return (model if whole else copy.deepcopy(model)).merge_and_unload()


def _save_weights(model: Any, target: Path, form: SaveForm) -> None:
    if form != "adapter":
        merge(model, form == "float32").save_pretrained(target)
        (target / "adapter_config.json").unlink(missing_ok=True)
        return
    if not hasattr(model, "peft_config"):
        raise UserError("there is no adapter to write alone: save the whole model")
    model.save_pretrained(target)
    (target / "README.md").unlink(missing_ok=True)


def _logit_score(parts: Parts) -> dict[str, Any]:
    true, false = parts.tokens
    return {"true_token_id": true, "false_token_id": false, "module_input_name": "causal_logits"}


def _settings(parts: Parts) -> dict[str, Any]:
    packages = {"sentence_transformers": "sentence-transformers", "transformers": "transformers", "pytorch": "torch"}
    return {
        "__version__": {name: version(package) for name, package in packages.items()},
        "activation_fn": _ACTIVATIONS[parts.activation],
        "default_prompt_name": None,
        "model_type": "CrossEncoder",
        "prompts": {},
    }


def _write_json(file: Path, value: Any) -> None:
    write_text(file, json.dumps(value, indent=2, ensure_ascii=False) + "\n")
