"""The models that are served, by the names that requests give."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeGuard

from docrerank.recipe import fingerprint
from docrerank.records import UserError
from docrerank.reranker import CACHE, Reranker
from docrerank.retrieval import (
    ENCODINGS,
    UNTRAINED,
    ModelCard,
    PageStore,
    Search,
    Threshold,
    TokenEncoder,
    WindowCutter,
    WindowSettings,
    hash_start,
    load_untrained,
)
from docrerank.runs import Run
from docrerank.serving.errors import ApiError
from docrerank.serving.stored_reranker import QueryMemory, StoredReranker
from docrerank.vision import is_vision_model

if TYPE_CHECKING:
    from docrerank.vision import VisionReranker

logger = logging.getLogger("docrerank.serving")
Kind = Literal["late_interaction", "cross_encoder", "vision"]
FUSED = "-fused"


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A reranker under a name.

    Attributes:
        name: what requests call it.
        kind: what it is.
        reranker: scores and ranks; not for two threads at once.
        fused: `rank` with BM25 and the best window instead of `predict`; its scores are z-scores.
        cutter: counts tokens; None for a vision-language model.
    """

    name: str
    kind: Kind
    reranker: Reranker | VisionReranker
    fused: bool = False
    cutter: WindowCutter | None = None

    @property
    def threshold(self) -> Threshold | None:
        """From where on a page is said to answer; None if none was chosen for this model."""
        if isinstance(self.reranker, Reranker):
            return self.reranker.card.relevance_threshold
        return self.reranker.threshold


class Models:
    """All served models, the first is the default; and what encodes queries for the first stage, if any is served."""

    def __init__(self, models: Sequence[ServedModel], first: Reranker | None) -> None:
        self.by_name, self.first = {model.name: model for model in models}, first

    def find(self, name: str | None) -> ServedModel:
        """The model of a request."""
        wanted = name or next(iter(self.by_name), "")
        if wanted in self.by_name:
            return self.by_name[wanted]
        message = f"no model '{wanted[:100]}' is served" if wanted else "no model is served"
        raise ApiError(404, "unknown_model", message, "model", f"the server has {', '.join(self.by_name) or 'none'}")


def load_models(names: Sequence[str], run: Run | None, search: Search | None) -> Models:
    """Load models by folder, run folder or name; a late-interaction model is served plain and fused.

    Raises:
        UserError: one cannot be loaded, or two have one name.
    """
    _check_distinct(names)
    shelf = _Shelf(run, search)
    served = [model for name in names for model in _load(name, shelf)]
    _check_distinct([model.name for model in served])
    if names and not shelf.firsts:
        shelf.open_first(getattr(search and search.encoder, "settings", WindowSettings()))
    return Models(served, next(iter(shelf.firsts.values()), None))


def _check_distinct(names: Sequence[str]) -> None:
    for name, count in Counter(names).items():
        if count > 1:
            raise UserError(f"two models would be called '{name}': rename a folder")


def name_model(given: str) -> str:
    """What a model is called: its folder's name, or its run's.

    Examples:
        >>> name_model("runs/filings/model"), name_model("minilm"), name_model("org/qwen2-vl-2b/")
        ('filings', 'minilm', 'qwen2-vl-2b')
    """
    parts = Path(given).parts
    named = parts[-2] if len(parts) > 1 and parts[-1] == "model" else parts[-1]
    return named if named not in (".", "..", "/") else Path(given).resolve().name


def _load(given: str, shelf: _Shelf) -> list[ServedModel]:
    path = str(Path(given) / "model") if (Path(given) / "recipe.yaml").is_file() else given
    name = name_model(given)
    if is_vision_model(path):
        return [ServedModel(name, "vision", _load_vision(path, shelf.run))]
    reranker: Any = Reranker.from_pretrained(path)
    cutter = reranker.scorer.cutter
    if not isinstance(reranker.scorer, TokenEncoder):
        return [ServedModel(name, "cross_encoder", reranker, False, cutter)]
    served = shelf.open(QueryMemory(reranker.scorer), reranker.card)
    return [ServedModel(name + end, "late_interaction", served, bool(end), cutter) for end in ("", FUSED)]


def _load_vision(path: str, run: Run | None) -> VisionReranker:
    from docrerank.vision import HOST_BYTES, PageCache, VisionReranker

    folder = str(run.path / CACHE) if run else None
    return VisionReranker.from_pretrained(path, cache=PageCache(HOST_BYTES, folder))


class _Shelf:
    """Late-interaction models over one run's pages, and untrained MiniLM once for all that cut pages alike."""

    def __init__(self, run: Run | None, search: Search | None) -> None:
        self.run, self._search = run, search
        self.firsts: dict[WindowSettings, Reranker] = {}

    def open(self, encoder: TokenEncoder, card: ModelCard) -> Reranker:
        """A model, with the first stage's encoder; untrained MiniLM is its own."""
        if _is_minilm(encoder):
            return self.firsts.setdefault(card.windows, self._serve(encoder, card))
        return self._serve(encoder, card, self.open_first(card.windows))

    def open_first(self, windows: WindowSettings) -> Reranker:
        """Untrained MiniLM over the pages."""
        if windows not in self.firsts:
            known = self._search.encoder if self._search else None
            if not _is_minilm(known) or known.settings != windows:
                known = QueryMemory(load_untrained(windows))
            self.firsts[windows] = self._serve(known, ModelCard(windows))
        return self.firsts[windows]

    def _serve(self, encoder: TokenEncoder, card: ModelCard, first: Reranker | None = None) -> Reranker:
        """A model whose encodings lie in the run; if the disk refuses them, pages are encoded when asked for."""
        if self.run is None or self._search is None:
            return Reranker(encoder, card, first)
        store = PageStore(self.run.path / ENCODINGS, encoder)
        try:
            self._search.pages.fill(store)
        except (UserError, OSError) as error:
            logger.warning("page store not filled", extra={"reason": str(error)})
            return Reranker(encoder, card, first)
        return StoredReranker(encoder, card, store, self._search.pages, first)


def _is_minilm(encoder: object) -> TypeGuard[TokenEncoder]:
    return isinstance(encoder, TokenEncoder) and encoder.weights == fingerprint(*hash_start(UNTRAINED))
