"""Exports a reranker as a sequence classifier: one row `w_true - w_false` where the vocabulary was.

The names follow vLLM's conversion (`as_seq_cls_model`); `make servers` holds a running vLLM against the original.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save_file
from torch import Tensor

from docrerank.runs import read_json, replacing, write_text
from docrerank.vision.load_vision import Parts
from docrerank.vision.save import merge, save_reading

_ARCHITECTURES = {
    "qwen2_vl": "Qwen2VLForSequenceClassification",
    "qwen2_5_vl": "Qwen2_5_VLForSequenceClassification",
    "qwen3_vl": "Qwen3VLForSequenceClassification",
}
#: vLLM builds the inner language model of the older families as a classifier of its own and keeps the head there.
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


def _classify(config: dict[str, Any], tokens: tuple[int, int]) -> dict[str, Any]:
    """The configuration of a classifier with one label, at both places where loaders look.

    `classifier_from_token` and `method` must not stand here: they would have vLLM take the head from the vocabulary.
    """
    one = {"num_labels": 1, "id2label": {"0": "LABEL_0"}, "label2id": {"LABEL_0": 0}, "use_sep_token": False}
    return {
        **config,
        **one,
        "architectures": [_ARCHITECTURES[config["model_type"]]],
        "text_config": {**config["text_config"], **one},
        "true_token_id": tokens[0],
        "false_token_id": tokens[1],
    }


def _replace_head(file: Path, name: str, score: Tensor) -> None:
    weights = {key: tensor for key, tensor in load_file(file).items() if not key.startswith("lm_head.")}
    with replacing(file) as temporary:
        save_file({**weights, name: score.contiguous()}, temporary, metadata={"format": "pt"})
