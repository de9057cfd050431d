"""A run's one configuration: typed, loaded from YAML, overridden by dotted keys, fingerprinted."""

from __future__ import annotations

from docrerank.recipe.explain import explain_recipe
from docrerank.recipe.extras import require
from docrerank.recipe.fingerprint import fingerprint
from docrerank.recipe.load import dump_recipe, load_recipe, parse_recipe, recipe_keys, shipped_recipes
from docrerank.recipe.model import Evaluate, Generate, Ingest, Mine, Recipe, Train, Vision
from docrerank.recipe.roles import Role

__all__ = [
    "Evaluate",
    "Generate",
    "Ingest",
    "Mine",
    "Recipe",
    "Role",
    "Train",
    "Vision",
    "dump_recipe",
    "explain_recipe",
    "fingerprint",
    "load_recipe",
    "parse_recipe",
    "recipe_keys",
    "require",
    "shipped_recipes",
]
