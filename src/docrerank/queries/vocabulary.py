"""Word lists of the model-free writer and judge, as `words.yaml` has them with what each is for."""

from __future__ import annotations

from importlib import resources
from typing import Any

import yaml

_LISTS: dict[str, Any] = yaml.load(
    resources.files("docrerank.queries").joinpath("words.yaml").read_bytes(), Loader=yaml.CSafeLoader
)


def _set(name: str) -> frozenset[str]:
    return frozenset(_LISTS[name])


def _rows(rows: list[list[str]]) -> tuple[tuple[str, ...], ...]:
    return tuple(map(tuple, rows))


EXCHANGES: dict[str, tuple[tuple[str, ...], ...]] = {name: _rows(rows) for name, rows in _LISTS["exchanges"].items()}
WORDING = _rows(_LISTS["wording"])
PAGE_IN_HAND: tuple[str, ...] = tuple(_LISTS["page_in_hand"])
RANKING = _set("ranking")
DANGLING = _set("dangling")
ARTICLES = _set("articles")
PREPOSITIONS = _set("prepositions")
VERB_FORMS = _set("verb_forms")
GENERIC = _set("generic")
COUNTABLE = _set("countable")
MASS = _set("mass")
MEASURES = _set("measures")
COUNTED = _set("counted")
LABELS = _set("labels")
ASPECTS = _set("aspects")
BASE_VERBS = _set("base_verbs")
