"""Opens the model that finds pages beside BM25: MiniLM, or any embedder of texts or of page images."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TypeAlias

from docrerank.recipe import Train
from docrerank.recipe.extras import require
from docrerank.records import UserError, one_line
from docrerank.reranker.load_text_model import hash_weights, load_text, locate
from docrerank.retrieval import UNTRAINED, TokenEncoder, TokenWindows, WindowSettings, load_query_start, load_untrained
from docrerank.retrieval.query_encoder import read_modules
from docrerank.runs import Run, read_json, tell
from docrerank.vision import PageEmbedder, hash_base, reads_images

FirstEncoder: TypeAlias = TokenEncoder | PageEmbedder


def open_first(run: Run, windows: WindowSettings, light: bool = False) -> FirstEncoder:
    """The encoder of a run's first stage (`first_stage` in its recipe).

    Args:
        run: whose it is.
        windows: how MiniLM cuts pages; any other embedder cuts them as long as it reads.
        light: for a search: MiniLM itself is opened only if a page must be encoded.

    Raises:
        UserError: it cannot be loaded, or is no embedder.
    """
    name = run.recipe.first_stage
    if name != UNTRAINED:
        return load_first(name, run.recipe.train)
    return load_query_start(name, windows) if light else load_untrained(windows)


def load_first(name: str, settings: Train) -> FirstEncoder:
    """Any embedder, dense or of late interaction; of page images if it reads them.

    Args:
        name: a folder, or a hub name that the hub's local cache has.
        settings: how a text embedder cuts pages; its own length bounds that.

    Raises:
        UserError: it cannot be loaded, or is no embedder.
    """
    folder, again = locate(name), partial(load_first, name, settings)
    if _reads_pages(folder):
        return PageEmbedder(_open(folder), hash_weights(folder), again)
    encoder, _ = load_text(name, settings)
    if not isinstance(encoder, TokenEncoder):
        raise UserError(f"'{name}' reads question and page together: a first stage compares vectors, take an embedder")
    kind = TokenEncoder if encoder.dense else TokenWindows
    return kind(encoder.model, encoder.settings, encoder.weights, opener=again)


def fingerprint_first(run: Run) -> list[str]:
    """What stands for a run's first stage in a fingerprint; nothing for MiniLM, as in runs of before."""
    name = run.recipe.first_stage
    return [] if name == UNTRAINED else [hash_base(str(locate(name)))]


def _reads_pages(folder: Path) -> bool:
    """Whether a model reads page images.

    Raises:
        UserError: it does, and embeds none: sentence-transformers would put random weights on top of it.
    """
    if _is_retriever(folder):
        return True
    modules = read_modules(folder)
    if reads_images(folder) and (not modules or any("cross_encoder" in module for module in modules)):
        raise UserError(
            f"'{folder}' is no embedder of page images: a first stage compares vectors, take a ColQwen2, a ColPali or "
            "a multimodal SentenceTransformer"
        )
    return reads_images(folder)


def _is_retriever(folder: Path) -> bool:
    """Whether this is transformers' own form of ColPali, ColQwen2 and the like."""
    return str((read_json(folder / "config.json").get("architectures") or [""])[0]).endswith("ForRetrieval")


def _open(folder: Path) -> object:
    tell(f"loading {folder}")
    encoders = require("sentence_transformers", extra="train")
    own = read_json(folder / "config_sentence_transformers.json").get("model_type")
    late = own == "MultiVectorEncoder" or (own is None and _is_retriever(folder))
    try:
        load = encoders.MultiVectorEncoder if late else encoders.SentenceTransformer
        return load(str(folder), local_files_only=True)
    except Exception as error:
        raise UserError(f"the embedder in '{folder}' cannot be loaded: {one_line(error)}") from error
