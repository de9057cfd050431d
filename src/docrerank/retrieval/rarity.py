"""How much each token of a query counts: the rarer it is on the pages of a collection, the more."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from docrerank.recipe.extras import require
from docrerank.records import UserError
from docrerank.retrieval.windows import clean_text

#: Of shape (vocabulary,): a weight for every token id, above 0.
Rarity = npt.NDArray[np.float32]
#: In a model's folder, beside its weights; plain sentence-transformers does not read it.
FILE = "token_rarity.safetensors"


def weigh_tokens(tokenizer: Any, texts: Iterable[str]) -> Rarity:
    """Weights as BM25 has them: log(1 + (n - d + 1/2) / (d + 1/2)) for a token that d of n pages hold.

    Late interaction takes the mean over a query's tokens, in which "what" and "the" count as much as the one word that
    only a few pages have. Nothing but the pages' text is needed, no question and no training.

    Args:
        tokenizer: of the encoder.
        texts: of the pages.

    Example:
        >>> from docrerank.retrieval import load_start
        >>> tokenizer = load_start("minilm").model.tokenizer
        >>> weights = weigh_tokens(tokenizer, ["the sales", "the board"])
        >>> the, sales = tokenizer("the sales", add_special_tokens=False)["input_ids"]
        >>> bool(weights[sales] > weights[the] > 0)
        True
    """
    held, pages = np.zeros(len(tokenizer), np.float64), 0
    for pages, text in enumerate(texts, 1):  # noqa: B007
        # A page is longer than the model's window; only its ids are wanted, so the tokenizer's warning is not.
        ids = tokenizer(clean_text(text), add_special_tokens=False, truncation=False, verbose=False)["input_ids"]
        held[np.unique(np.asarray(ids, np.int64))] += 1
    return np.log1p((pages - held + 0.5) / (held + 0.5)).astype(np.float32)


def write_rarity(folder: Path, rarity: Rarity) -> None:
    """Put the weights into a model's folder."""
    arrays = require("safetensors.numpy", extra="train")
    arrays.save_file({"rarity": rarity}, folder / FILE)


def read_rarity(folder: Path, tokens: int) -> Rarity | None:
    """The weights of a model's folder; None if it has none.

    Args:
        folder: of the model.
        tokens: in its vocabulary.

    Raises:
        UserError: the file is damaged, or of another vocabulary.
    """
    if not (folder / FILE).is_file():
        return None
    arrays = require("safetensors.numpy", extra="train")
    try:
        rarity: Rarity = arrays.load_file(folder / FILE)["rarity"].astype(np.float32)
    except Exception as error:
        raise UserError(f"{folder / FILE} cannot be read ({error}): train the model again or delete it") from None
    if rarity.shape != (tokens,) or not (np.isfinite(rarity).all() and (rarity > 0).all()):
        raise UserError(f"{folder / FILE} is not of this model's vocabulary: train the model again or delete it")
    return rarity
