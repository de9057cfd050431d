"""Prints a recipe for people: YAML with the meaning of each key beside it, and a role's keys once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml
from pydantic import BaseModel

from docrerank.recipe.model import Recipe
from docrerank.recipe.roles import Role

#: The column where descriptions begin.
COLUMN = 40


def explain_recipe(recipe: Recipe) -> str:
    """Write a recipe as YAML that `load_recipe` reads back to an equal one, every key with its description.

    The first of the four roles has all its keys, the others only those that differ from the default.
    """
    return "".join(f"{line}\n" for line in _explain(recipe, "", {"roles": 0}))


def _explain(section: BaseModel, indent: str, seen: dict[str, int]) -> Iterator[str]:
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        if isinstance(value, Role) and seen["roles"]:
            yield _line(indent, name, value.model_dump(exclude_defaults=True), "same keys as positive_writer")
        elif isinstance(value, BaseModel):
            seen["roles"] += isinstance(value, Role)
            yield f"{indent}{name}:  # {_first_sentence(value)}"
            yield from _explain(value, f"{indent}  ", seen)
        else:
            yield _line(indent, name, value, field.description or "")


def _line(indent: str, name: str, value: Any, description: str) -> str:
    text = yaml.safe_dump(value, default_flow_style=True, width=10_000).removesuffix("...\n").strip()
    return f"{f'{indent}{name}: {text}':<{COLUMN}}  # {description}"


def _first_sentence(section: BaseModel) -> str:
    return (type(section).__doc__ or "").strip().splitlines()[0].removesuffix(".")
