"""Writes a reranker for plain sentence-transformers, whether docrerank is installed there or not, and for vLLM."""

from __future__ import annotations

import copy
import json
import shutil
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

from safetensors.torch import load_file, save_file
from torch import Tensor

from docrerank.records import UserError
from docrerank.runs import read_json, replacing, write_text
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
#: Where a classifier keeps its head by vLLM's conversion (`as_seq_cls_model`; `make servers` compares a
#: running vLLM): of the older families vLLM builds the inner language model as a classifier of its own.
_SCORE = {
    "qwen2_vl": "language_model.score.weight",
    "qwen2_5_vl": "language_model.score.weight",
    "qwen3_vl": "score.weight",
}
_README = """\
# Sequence classifier of a docrerank reranker

One logit for a (query, page) pair; its sigmoid is the probability of the true word.

    vllm serve THIS_FOLDER --runner pooling --chat-template THIS_FOLDER/chat_template.jinja

The architecture and the head are in `config.json` and the weights, so no `--hf-overrides` is needed. vLLM applies a
score template only when one is named on the command line: without it the prompt is another and scores mean nothing.
`--dtype float32` gives the original's scores to rounding; vLLM's default is 16 bit.
"""


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


def export_classifier(parts: Parts, folder: str | Path) -> Path:
    """Write a `*ForSequenceClassification` folder.

    Args:
        parts: the reranker, its adapter merged on the way.
        folder: made if it is not there.
    """
    target, model = Path(folder), merge(parts.model)
    true, false = parts.head().detach().float().cpu()
    model.save_pretrained(target, max_shard_size="1000GB")
    _replace_head(target / "model.safetensors", _SCORE[model.config.model_type], (true - false)[None])
    save_reading(parts, target)
    config = read_json(target / "config.json")
    write_text(target / "config.json", json.dumps(_classify(config, parts.tokens), indent=2) + "\n")
    write_text(target / "README.md", _README)
    (target / "modules.json").unlink(missing_ok=True)
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


def _classify(config: dict[str, Any], tokens: tuple[int, int]) -> dict[str, Any]:
    """The configuration of a classifier with one label, at both places where loaders look.

    `classifier_from_token` and `method` must not stand here: they would have vLLM take the head from the vocabulary.
    """
    one = {"num_labels": 1, "id2label": {"0": "LABEL_0"}, "label2id": {"LABEL_0": 0}, "use_sep_token": False}
    return {
        **config,
        **one,
        "architectures": [_PROCESSORS[config["model_type"]][0].replace("Processor", "ForSequenceClassification")],
        "text_config": {**config["text_config"], **one},
        "true_token_id": tokens[0],
        "false_token_id": tokens[1],
    }


def _replace_head(file: Path, name: str, score: Tensor) -> None:
    weights = {key: tensor for key, tensor in load_file(file).items() if not key.startswith("lm_head.")}
    with replacing(file) as temporary:
        save_file({**weights, name: score.contiguous()}, temporary, metadata={"format": "pt"})
