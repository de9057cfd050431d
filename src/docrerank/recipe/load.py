"""Loads a recipe by name or from a YAML file, applies dotted overrides, and suggests a key for a wrong one."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from docrerank.recipe.model import Recipe
from docrerank.records import UserError, one_line

MAX_RECIPE_BYTES = 1_000_000
#: Removed keys, which a run's frozen recipe may still have; they are ignored.
GONE = {"train": ("windows_per_page",), "vision": ("attention", "sharding")}


def load_recipe(name_or_file: str | Path = "cpu", overrides: Sequence[str] = ()) -> Recipe:
    """Read a shipped recipe (`cpu`) or a YAML file, then apply overrides.

    Args:
        name_or_file: a shipped recipe's name, or the path of a YAML file.
        overrides: `section.key=value` strings; values are read as YAML.

    Raises:
        UserError: no such recipe, not a mapping, an unknown key (with a suggestion) or a value out of range.

    Examples:
        >>> load_recipe("cpu", ["mine.pool=5"]).mine.pool
        5
    """
    values = _read(name_or_file)
    for override in overrides:
        _apply(values, override)
    return parse_recipe(values, origin=str(name_or_file))


def parse_recipe(values: dict[str, Any], origin: str) -> Recipe:
    """Validate plain values as a recipe; `origin` names them in the error."""
    try:
        return Recipe.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            raise UserError(f"recipe {origin}: no key '{key}'; {_nearest(key)}") from None
        raise UserError(f"recipe {origin}: {key}: {first['msg']}, got {first.get('input')!r}") from None


def dump_recipe(recipe: Recipe) -> str:
    """Write a recipe as YAML that `load_recipe` reads back to an equal one."""
    return yaml.safe_dump(recipe.model_dump(), sort_keys=False)


def shipped_recipes() -> list[str]:
    """List the recipes that come with the package."""
    folder = files("docrerank.recipe") / "shipped"
    return sorted(entry.name.removesuffix(".yaml") for entry in folder.iterdir() if entry.name.endswith(".yaml"))


def recipe_keys(model: type[BaseModel] = Recipe, prefix: str = "") -> Iterator[str]:
    """Yield every dotted key of the recipe."""
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from recipe_keys(kind, f"{prefix}{name}.")
        else:
            yield prefix + name


def _read(name_or_file: str | Path) -> dict[str, Any]:
    name = str(name_or_file)
    text = _read_shipped(name) if name in shipped_recipes() else _read_file(Path(name_or_file))
    try:
        values = yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        raise UserError(f"recipe {name} is not YAML: {one_line(error, 400)}") from None
    if not isinstance(values, dict):
        raise UserError(f"recipe {name} must hold 'key: value' lines, found a {type(values).__name__}")
    for section, keys in GONE.items():
        if isinstance(own := values.get(section), dict):
            values[section] = {key: value for key, value in own.items() if key not in keys}
    if (start := values.pop("extends", None)) is None:
        return values
    if start not in shipped_recipes():
        raise UserError(f"no shipped recipe '{start}': 'extends' takes one of {', '.join(shipped_recipes())}")
    return _merge(yaml.safe_load(_read_shipped(start)), values)


def _read_shipped(name: str) -> str:
    return (files("docrerank.recipe") / "shipped" / f"{name}.yaml").read_text("utf-8")


def _merge(base: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """Merge the values into the base, section by section."""
    inner = {key: _merge(base[key], own) for key, own in values.items() if isinstance(own, dict) and key in base}
    return {**base, **values, **inner}


def _read_file(path: Path) -> str:
    if not path.is_file():
        known = ", ".join(shipped_recipes())
        raise UserError(f"no recipe '{path}': give the path of a YAML file or one of {known}")
    if path.stat().st_size > MAX_RECIPE_BYTES:
        raise UserError(f"recipe {path} is larger than 1 MB: check that it is the right file")
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"recipe {path} cannot be read: {error}") from None


def _apply(values: dict[str, Any], override: str) -> None:
    key, equals, raw = override.partition("=")
    if not equals or not key:
        raise UserError(f"--set takes key=value, got '{override}'; for example --set train.groups=500")
    if key not in set(recipe_keys()):
        raise UserError(f"no recipe key '{key}'; {_nearest(key)}")
    *sections, last = key.split(".")
    for section in sections:
        values = values.setdefault(section, {})
    try:
        values[last] = yaml.safe_load(raw)
    except yaml.YAMLError:
        raise UserError(f"--set {key}: '{raw}' is not a YAML value; quote it") from None


def _nearest(key: str) -> str:
    """Suggest the key that was probably meant, else list the keys of its section."""
    keys = list(recipe_keys())
    section, _, leaf = key.rpartition(".")
    close = [k for k in keys if leaf in (k.rsplit(".", 1)[-1], _initials(k))]
    close = close or difflib.get_close_matches(key, keys, 1, 0.75)
    close = close or [k for k in keys if difflib.get_close_matches(leaf, [k.rsplit(".", 1)[-1]], 1, 0.7)]
    if close:
        return f"did you mean '{close[0]}'?"
    siblings = [k.rsplit(".", 1)[-1] for k in keys if k.rpartition(".")[0] == section]
    return f"'{section}' has {', '.join(siblings)}" if siblings and section else "docrerank recipe prints all keys"


def _initials(key: str) -> str:
    """`lr` for `train.learning_rate`."""
    words = key.rsplit(".", 1)[-1].split("_")
    return "".join(word[0] for word in words) if len(words) > 1 else ""
