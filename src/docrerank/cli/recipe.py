"""`docrerank recipe`: print a recipe with every key, to copy and edit."""

from __future__ import annotations

import sys

from docrerank.cli.options import Overrides, RecipeName
from docrerank.recipe import explain_recipe, load_recipe


def print_recipe(recipe: RecipeName = "cpu", set_: Overrides = None) -> None:
    """Print a recipe as YAML: every key with what it means, to copy and edit."""
    sys.stdout.write(explain_recipe(load_recipe(recipe, set_ or ())))
