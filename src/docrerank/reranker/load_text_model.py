"""Opens a model's folder: which kind it is, its weights, and what it says of itself."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Literal

from docrerank.recipe import fingerprint
from docrerank.recipe.extras import require
from docrerank.records import UserError
from docrerank.retrieval import STARTS, QueryEncoder, TokenEncoder, is_light, read_rarity, read_tensors
from docrerank.retrieval.model_card import ModelCard
from docrerank.runs import hash_file, read_json, tell
from docrerank.vision import reads_images

Kind = Literal["late_interaction", "cross_encoder"]


def load_encoder(folder: Path, card: ModelCard) -> TokenEncoder:
    """A saved late-interaction encoder.

    Raises:
        UserError: the folder cannot be loaded.
    """
    tell(f"loading {folder}")
    encoders = require("sentence_transformers", extra="train")
    try:
        model = encoders.MultiVectorEncoder(str(folder), local_files_only=True)
    except Exception as error:
        raise UserError(f"the model in '{folder}' cannot be loaded: {' '.join(str(error).split())[:200]}") from error
    rarity = read_rarity(folder, len(model.tokenizer))
    opener = partial(load_encoder, folder, card)
    return TokenEncoder(model, card.windows, _hash_weights(folder), rarity=rarity, opener=opener)


def load_query_encoder(folder: Path, card: ModelCard) -> TokenEncoder:
    """As `load_encoder`, for a search: opens the model itself only if a page must be encoded, where that can be."""
    if not is_light(folder):
        return load_encoder(folder, card)
    try:
        tensors = read_tensors(folder / "model.safetensors")
    except Exception as error:
        raise UserError(f"the model in '{folder}' cannot be loaded: {' '.join(str(error).split())[:200]}") from error
    rarity = read_rarity(folder, len(tensors["embeddings.word_embeddings.weight"]))
    opener = partial(load_encoder, folder, card)
    return QueryEncoder(folder, tensors, card.windows, _hash_weights(folder), opener, rarity)


def find_kind(folder: Path) -> Kind:
    """What a folder holds.

    Raises:
        UserError: it is missing, or holds no reranker.
    """
    if not folder.is_dir():
        raise UserError(f"no model in '{folder}': give a model's folder, or a start: {', '.join(STARTS)}")
    config = read_json(folder / "config_sentence_transformers.json")
    if config.get("model_type") == "MultiVectorEncoder":
        return "late_interaction"
    architectures = read_json(folder / "config.json").get("architectures") or [""]
    if config.get("model_type") == "CrossEncoder" or str(architectures[0]).endswith("ForSequenceClassification"):
        if reads_images(folder):
            raise UserError(
                f"'{folder}' reads images, and its family is none that pages are served with: docrerank evaluate "
                "scores it; its text is no stand-in"
            )
        return "cross_encoder"
    raise UserError(f"'{folder}' is not a reranker: it must hold a saved MultiVectorEncoder or CrossEncoder")


def _hash_weights(folder: Path) -> str:
    files = sorted(path for path in folder.rglob("*") if path.suffix in (".safetensors", ".bin"))
    return fingerprint([hash_file(file) for file in files])
