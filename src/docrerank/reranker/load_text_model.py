"""Opens a model's folder: which kind it is, its weights, and what it says of itself."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any, Literal

from docrerank.recipe import fingerprint
from docrerank.recipe.extras import require
from docrerank.records import UserError
from docrerank.retrieval import STARTS, TokenEncoder, hash_file, read_rarity
from docrerank.retrieval.model_card import ModelCard

Kind = Literal["late_interaction", "cross_encoder"]


def load_encoder(folder: Path, card: ModelCard) -> TokenEncoder:
    """A saved late-interaction encoder.

    Raises:
        UserError: the folder cannot be loaded.
    """
    encoders = require("sentence_transformers", extra="train")
    try:
        model = encoders.MultiVectorEncoder(str(folder), local_files_only=True)
    except Exception as error:
        raise UserError(f"the model in '{folder}' cannot be loaded: {' '.join(str(error).split())[:200]}") from error
    weights = fingerprint([hash_file(file) for file in _weight_files(folder)])
    rarity = read_rarity(folder, len(model.tokenizer))
    return TokenEncoder(model, card.windows, weights, rarity=rarity, opener=partial(load_encoder, folder, card))


def find_kind(folder: Path) -> Kind:
    """What a folder holds.

    Raises:
        UserError: it is missing, or holds no reranker.
    """
    if not folder.is_dir():
        raise UserError(f"no model in '{folder}': give a model's folder, or a start: {', '.join(STARTS)}")
    config = _read(folder / "config_sentence_transformers.json")
    if config.get("model_type") == "MultiVectorEncoder":
        return "late_interaction"
    architectures = _read(folder / "config.json").get("architectures") or [""]
    if config.get("model_type") == "CrossEncoder" or str(architectures[0]).endswith("ForSequenceClassification"):
        return "cross_encoder"
    raise UserError(f"'{folder}' is not a reranker: it must hold a saved MultiVectorEncoder or CrossEncoder")


def _weight_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix in (".safetensors", ".bin"))


def _read(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}
