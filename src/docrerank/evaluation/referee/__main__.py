"""mteb's command line with docrerank's models: `python -m docrerank.evaluation.referee run -m MODEL -t TASK`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from docrerank.evaluation import find_model, load_scorer
from docrerank.evaluation.referee.adapter import make_loader
from docrerank.evaluation.referee.meta import build_meta
from docrerank.recipe.extras import require
from docrerank.records import UserError


def register(name: str) -> str:
    """Make a model known to mteb under its name there; `mteb.get_model(name)` then loads it.

    Args:
        name: what `find_model` knows.

    Returns:
        the name under which mteb knows it, such as `docrerank/model`.

    Raises:
        UserError: no such model.
    """
    registry = require("mteb.models.model_implementations", extra="bench").MODEL_REGISTRY
    model = find_model(name)
    meta = build_meta(model, load_scorer(model), make_loader(name))
    registry[meta.name] = meta
    return str(meta.name)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run mteb's command line; the model of `-m` may be a run, a model's folder, or `minilm`."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    words = list(sys.argv[1:] if arguments is None else arguments)
    for flag in ("-m", "--model"):
        if flag in words[:-1]:
            place = words.index(flag) + 1
            words[place] = register(words[place])
    sys.argv = ["mteb", *words]
    require("mteb.cli", extra="bench").main()


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        sys.exit(f"docrerank: {error}")
