from __future__ import annotations

import pytest

from docrerank.ablation import ARMS, find_arms
from docrerank.recipe import load_recipe
from docrerank.records import UserError


def test_the_untrained_model_and_the_control_are_always_there() -> None:
    assert [arm.name for arm in find_arms("negatives-8,generated")] == [
        "untrained",
        "mined",
        "negatives-8",
        "generated",
    ]


def test_an_unknown_arm_names_those_there_are() -> None:
    with pytest.raises(UserError, match=r"no arm 'minded': one of all, paper, untrained, mined"):
        find_arms("minded")


def test_every_arm_is_a_valid_recipe_of_the_size_asked_for() -> None:
    for arm in ARMS:
        recipe = load_recipe("cpu", [*arm.variant.overrides, *arm.overrides(groups=40, seed=7)])
        assert (recipe.train.groups, recipe.seed) == (40, 7)
        assert not arm.negatives or recipe.train.negatives_per_group == arm.negatives
