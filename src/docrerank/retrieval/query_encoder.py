"""Encodes queries with numpy alone: a search over encoded pages starts without torch and its seconds of imports."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from docrerank.recipe.extras import require
from docrerank.retrieval.encoder import QUERY_TOKENS, SKIPPED, Encoding, TokenEncoder, Vectors
from docrerank.retrieval.windows import WindowSettings, clean_text
from docrerank.runs import read_json

Tensors = Mapping[str, Vectors]

#: Devices of GPUs; with one of them pages are encoded there, in another precision.
_GPUS = ("/dev/nvidia0", "/dev/kfd", "/dev/dxg")


class QueryEncoder(TokenEncoder):
    """A `TokenEncoder` that computes queries in numpy and opens the full encoder only when a page must be encoded.

    Queries come out as from the full encoder, to float32's rounding.

    Args:
        folder: holds `config.json` and `tokenizer.json` of a BERT.
        tensors: its weights, by their names in `model.safetensors`.
        settings: how pages are cut into windows.
        weights: names the weights, for `fingerprint`.
        opener: opens the full encoder.
    """

    def __init__(
        self,
        folder: Path,
        tensors: Tensors,
        settings: WindowSettings,
        weights: str,
        opener: Callable[[], TokenEncoder],
    ) -> None:
        self.settings, self.weights, self.opener = settings, weights, opener
        self.precision = "bfloat16" if _has_bfloat16() else "float32"
        self._tensors, self._config = tensors, read_json(folder / "config.json")
        tokenizers = require("tokenizers", extra="train")
        self._tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(max(settings.longest, QUERY_TOKENS))
        self._skipped = [self._tokenizer.token_to_id(word) for word in SKIPPED]

    def encode_queries(self, texts: Sequence[str]) -> list[Encoding]:
        """Encode queries, each as one window."""
        return [self._encode(clean_text(text)) for text in texts]

    def encode_pages(self, texts: Sequence[str], contexts: Sequence[str] = ()) -> list[Encoding]:
        """Encode page texts with the full encoder."""
        return self._full.encode_pages(texts, contexts)

    @property
    def dimension(self) -> int:
        """Numbers in a vector."""
        return int(self._config["hidden_size"])

    @cached_property
    def _full(self) -> TokenEncoder:
        assert self.opener is not None
        full: TokenEncoder = self.opener()
        return full

    def _encode(self, text: str) -> Encoding:
        ids = np.asarray(self._tokenizer.encode(text).ids, np.int64)
        rows = self._run(ids)
        tokens, window = _normalise(rows), _normalise(rows.mean(axis=0, keepdims=True))
        mask = ~np.isin(ids, self._skipped)
        return Encoding(tokens[mask], window)

    def _run(self, ids: np.ndarray[Any, Any]) -> Vectors:
        """The last hidden state of one sequence, (tokens, d)."""
        names = ("word_embeddings.weight", "position_embeddings.weight", "token_type_embeddings.weight")
        words, places, kinds = (self._tensors[f"embeddings.{name}"] for name in names)
        rows = self._settle(words[ids] + places[: len(ids)] + kinds[0], "embeddings.LayerNorm")
        for layer in range(self._config["num_hidden_layers"]):
            rows = self._run_layer(rows, f"encoder.layer.{layer}")
        return rows

    def _run_layer(self, rows: Vectors, layer: str) -> Vectors:
        heads = self._config["num_attention_heads"]
        query, key, value = (
            self._map(rows, f"{layer}.attention.self.{name}").reshape(len(rows), heads, -1).swapaxes(0, 1)
            for name in ("query", "key", "value")
        )
        logits = query @ key.swapaxes(1, 2) / np.float32(np.sqrt(query.shape[2]))
        shares = np.exp(logits - logits.max(axis=-1, keepdims=True))
        mixed = (shares / shares.sum(axis=-1, keepdims=True) @ value).swapaxes(0, 1).reshape(len(rows), -1)
        attended = self._map(mixed, f"{layer}.attention.output.dense") + rows
        attended = self._settle(attended, f"{layer}.attention.output.LayerNorm")
        inner = _gelu(self._map(attended, f"{layer}.intermediate.dense"))
        return self._settle(self._map(inner, f"{layer}.output.dense") + attended, f"{layer}.output.LayerNorm")

    def _map(self, rows: Vectors, name: str) -> Vectors:
        return rows @ self._tensors[f"{name}.weight"].T + self._tensors[f"{name}.bias"]

    def _settle(self, rows: Vectors, name: str) -> Vectors:
        """Layer normalisation."""
        spread = np.sqrt(rows.var(axis=-1, keepdims=True) + np.float32(self._config["layer_norm_eps"]))
        even = (rows - rows.mean(axis=-1, keepdims=True)) / spread
        return np.asarray(even * self._tensors[f"{name}.weight"] + self._tensors[f"{name}.bias"], np.float32)


def is_light(folder: Path) -> bool:
    """Whether `QueryEncoder` computes what this saved model does: a late-interaction BERT as docrerank trains it.

    False on a machine with a GPU, where the full encoder is wanted anyway.
    """
    config, modules = read_json(folder / "config.json"), [name.rpartition(".")[2] for name in read_modules(folder)]
    is_bert = config.get("model_type") == "bert" and config.get("hidden_act") == "gelu"
    kinds = ["Transformer", "Pooling", "Normalize", "MultiVectorMask", "Normalize"]
    return runs_on_processor() and is_bert and (folder / "model.safetensors").is_file() and modules == kinds


def runs_on_processor() -> bool:
    """Whether models run on this machine's processor, as far as can be told without torch."""
    return sys.platform == "linux" and not any(Path(gpu).exists() for gpu in _GPUS)


def read_tensors(file: Path) -> dict[str, Vectors]:
    """A safetensors file's float32 tensors by name."""
    tensors: dict[str, Vectors] = require("safetensors.numpy", extra="train").load_file(file)
    return tensors


def _has_bfloat16() -> bool:
    """As `choose_precision("cpu")`, without torch."""
    try:
        return "avx512_bf16" in Path("/proc/cpuinfo").read_text("utf-8")
    except OSError:
        return False


def _gelu(rows: Vectors) -> Vectors:
    erf = require("scipy.special", extra="train").erf
    return np.asarray(rows * (1 + erf(rows / np.float32(np.sqrt(2)))) / 2, np.float32)


def _normalise(rows: Vectors) -> Vectors:
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), 1e-12), np.float32)


def read_modules(folder: Path) -> list[str]:
    """Full names of the classes that a sentence-transformers folder is made of; none if it says nothing."""
    try:
        return [str(module["type"]) for module in json.loads((folder / "modules.json").read_text("utf-8"))]
    except (OSError, ValueError, KeyError, TypeError):
        return []
