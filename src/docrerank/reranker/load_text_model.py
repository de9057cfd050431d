"""Opens any text reranker: which kind a folder holds, how it reads pages, and why one cannot be used."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Literal

from docrerank.recipe import Train, fingerprint
from docrerank.recipe.extras import require
from docrerank.records import UserError, one_line
from docrerank.reranker.cross_encoder import PageCrossEncoder
from docrerank.retrieval import (
    QUERY_TOKENS,
    STARTS,
    QueryEncoder,
    TokenEncoder,
    WindowSettings,
    build_model,
    describe_start,
    hash_start,
    is_light,
    load_query_start,
    load_start,
    read_tensors,
)
from docrerank.retrieval.model_card import FILE, Calibration, ModelCard, read_card
from docrerank.retrieval.query_encoder import read_modules
from docrerank.runs import hash_file, read_json, tell
from docrerank.vision import count_free, hash_base, reads_images

Kind = Literal["tokens", "dense", "cross"]
#: Classes of sentence-transformers (and pylate's ColBERT) with their kinds.
CLASSES: dict[str, Kind] = {
    "MultiVectorEncoder": "tokens",
    "ColBERT": "tokens",
    "CrossEncoder": "cross",
    "SentenceTransformer": "dense",
}
#: Files of a hub repository that a text model is loaded from.
WANTED = ["*.json", "*.safetensors", "*.txt", "*.model", "*.jinja", "artifact.metadata", "README.md"]
#: Tokens that a pair's special tokens and a prompt template may take.
SPARE = 16


def locate(name: str | Path) -> Path:
    """A model's folder, or what the hub's local cache (with `HF_HUB_OFFLINE=0` the hub itself) has under a name.

    Raises:
        UserError: there is none.
    """
    if Path(name).is_dir():
        return Path(name)
    hub = require("huggingface_hub", extra="train")
    try:
        return Path(hub.snapshot_download(str(name), allow_patterns=WANTED))
    except Exception as error:
        raise UserError(
            f"no model in '{name}': give a model's folder, one of {', '.join(STARTS)}, or a hub name that "
            f"`hf download {name}` has fetched"
        ) from error


def find_kind(folder: Path) -> Kind:
    """What a folder holds: token vectors, one vector a text, or a model that reads question and page together.

    Raises:
        UserError: it holds no text reranker, or one that would need code of its own.
    """
    config, own = read_json(folder / "config.json"), read_json(folder / "config_sentence_transformers.json")
    modules = read_modules(folder)
    if foreign := next(_find_foreign(folder, config, modules), None):
        raise UserError(f"'{folder}' needs code of its own ({foreign}), which is never run: take a model without")
    architecture = str((config.get("architectures") or [""])[0])
    if architecture.endswith("ForRetrieval") or reads_images(folder):
        raise UserError(
            f"'{folder}' reads images, and of a family that docrerank cannot serve or train: docrerank evaluate "
            "scores it; take a text model or a Qwen-VL reranker"
        )
    if kind := CLASSES.get(str(own.get("model_type", ""))):
        return kind
    if "ColBERT" in architecture:
        return "tokens"
    if architecture.endswith(("ForSequenceClassification", "ForCausalLM")) and not modules:
        return "cross"
    if modules:
        return "cross" if any("cross_encoder" in module for module in modules) else "dense"
    raise UserError(
        f"'{folder}' is not a reranker: it must hold a SentenceTransformer, MultiVectorEncoder or CrossEncoder"
    )


def check_base(name: str) -> None:
    """Refuse a text base before anything is done that would be in vain.

    Raises:
        UserError: it is not there, is no reranker, or training takes more memory than is free.
    """
    if name in STARTS:
        return
    folder = locate(name)
    find_kind(folder)
    half = str(read_json(folder / "config.json").get("dtype", "")) in ("bfloat16", "float16")
    stored = sum(file.stat().st_size for file in folder.rglob("*.safetensors"))
    needed, free = (8 if half else 4) * stored, count_free()[0]  # weights, gradients and two moments in float32
    if needed > free:
        raise UserError(
            f"training '{name}' takes {needed / 1e9:.1f} GB at least and {free / 1e9:.1f} GB are free: take a smaller "
            "base, or a machine with more memory"
        )


def _find_foreign(folder: Path, config: dict[str, Any], modules: list[str]) -> Iterator[str]:
    """Python files that transformers or sentence-transformers would have to run."""
    if config.get("auto_map"):
        from transformers.models.auto.configuration_auto import CONFIG_MAPPING_NAMES

        if config.get("model_type") not in CONFIG_MAPPING_NAMES:
            yield str(next(iter(config["auto_map"].values())))
    yield from (module for module in modules if not module.startswith(("sentence_transformers.", "pylate.")))


def load_text(
    name: str | Path, settings: Train | None = None, light: bool = False
) -> tuple[TokenEncoder | PageCrossEncoder, ModelCard]:
    """Load a text reranker and its card.

    Args:
        name: one of `STARTS`, a folder, or a hub name.
        settings: how a model without a card of ours cuts pages; its own lengths bound that.
        light: for a search: where that can be, the model itself is opened only if a page must be encoded.

    Raises:
        UserError: it cannot be loaded.
    """
    settings = settings or Train()
    if str(name) in STARTS:
        windows = WindowSettings(settings.window_tokens, settings.window_overlap, settings.context_tokens)
        load = load_query_start if light else load_start
        return load(str(name), windows), describe_start(str(name), windows)
    folder = locate(name)
    kind = find_kind(folder)
    if kind == "dense" and settings.vectors == "tokens":
        opener = partial(_load_as_tokens, folder, settings)
        encoder = opener()
        encoder.opener = opener
        return encoder, ModelCard(encoder.settings)
    known = read_card(folder) if (folder / FILE).is_file() else None
    if known and light and is_light(folder):
        return _load_light(folder, known), known
    model = _open(folder, kind)
    calibration = Calibration(1, 0) if kind == "cross" else Calibration()
    fresh = ModelCard(choose_windows(model, settings, kind), calibration=calibration)
    card = known or fresh
    if kind == "cross":
        return PageCrossEncoder(model, card.windows, hash_weights(folder)), card
    return _wrap(model, folder, card), card


def load_encoder(folder: Path, card: ModelCard) -> TokenEncoder:
    """A saved bi-encoder, for pages cut as its card says.

    Raises:
        UserError: the folder cannot be loaded.
    """
    return _wrap(_open(folder, find_kind(folder)), folder, card)


def _wrap(model: Any, folder: Path, card: ModelCard) -> TokenEncoder:
    again = partial(load_encoder, folder, card)
    return TokenEncoder(model, card.windows, hash_weights(folder), opener=again)


def _load_light(folder: Path, card: ModelCard) -> TokenEncoder:
    try:
        tensors = read_tensors(folder / "model.safetensors")
    except Exception as error:
        raise UserError(f"the model in '{folder}' cannot be loaded: {one_line(error)}") from error
    opener = partial(load_encoder, folder, card)
    return QueryEncoder(folder, tensors, card.windows, hash_weights(folder), opener)


def _load_as_tokens(folder: Path, settings: Train) -> TokenEncoder:
    """A dense embedder's token vectors, for late interaction."""
    windows = choose_windows(_open(folder, "dense"), settings, "dense")
    return TokenEncoder(build_model(folder, windows), windows, hash_weights(folder))


def choose_windows(model: Any, settings: Train, kind: Kind) -> WindowSettings:
    """Windows as long as the model reads, `base_tokens` at most; a cross-encoder reads the query beside them."""
    own = getattr(model[0], "document_length", None) or model.max_seq_length or settings.base_tokens
    left = min(int(own), settings.base_tokens) - SPARE - settings.context_tokens
    left -= QUERY_TOKENS if kind == "cross" else 0
    return WindowSettings(max(left, 16), min(settings.window_overlap, max(left, 16) // 3), settings.context_tokens)


def hash_text_model(name: str) -> list[str]:
    """What stands for a text model in a fingerprint."""
    return hash_start(name) if name in STARTS else [hash_base(name)]


def hash_weights(folder: Path) -> str:
    """A hash of the weight files of a folder."""
    files = sorted(path for path in folder.rglob("*") if path.suffix in (".safetensors", ".bin"))
    return fingerprint([hash_file(file) for file in files])


def _open(folder: Path, kind: Kind) -> Any:
    tell(f"loading {folder}")
    encoders = require("sentence_transformers", extra="train")
    names = {"tokens": "MultiVectorEncoder", "dense": "SentenceTransformer", "cross": "CrossEncoder"}
    try:
        model = getattr(encoders, names[kind])(str(folder), local_files_only=True)
    except Exception as error:
        raise UserError(f"the model in '{folder}' cannot be loaded: {one_line(error)}") from error
    if kind == "cross" and model.num_labels != 1:
        raise UserError(f"'{folder}' gives {model.num_labels} labels, not one score: take a reranker")
    if kind == "dense" and model.similarity_fn_name not in ("cosine", "dot"):
        raise UserError(f"'{folder}' compares by {model.similarity_fn_name}: cosine and dot product are known")
    return model
