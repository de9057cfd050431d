"""MiniLM as it comes from its package: the untrained start, and how a run's recipe cuts pages for it."""

from __future__ import annotations

from docrerank.encoding.encoder import TokenEncoder, build_model
from docrerank.encoding.weights import MINILM_SHA256, minilm_folder
from docrerank.encoding.windows import WindowSettings
from docrerank.recipe import fingerprint
from docrerank.runs import Run

#: The name of the untrained start, in the place of a folder.
UNTRAINED = "minilm"


def load_untrained(settings: WindowSettings | None = None) -> TokenEncoder:
    """MiniLM as it comes, as a late-interaction encoder."""
    settings = settings or WindowSettings()
    return TokenEncoder(build_model(minilm_folder(), settings), settings, fingerprint(MINILM_SHA256))


def window_settings(run: Run) -> WindowSettings:
    """How the run's recipe cuts pages."""
    train = run.recipe.train
    return WindowSettings(train.window_tokens, train.window_overlap, train.context_tokens)
