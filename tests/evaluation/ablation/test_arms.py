from __future__ import annotations

import pytest

from docrerank.evaluation.ablation import ARMS, find_arms
from docrerank.evaluation.ablation.arms import TABLE4
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
    with pytest.raises(UserError, match=r"no arm 'minded': one of all, table4, untrained, mined"):
        find_arms("minded")


def test_every_arm_is_a_valid_recipe_of_the_size_asked_for() -> None:
    for arm in ARMS:
        recipe = load_recipe("cpu", [*arm.variant.overrides, *arm.overrides(groups=40, seed=7)])
        assert (recipe.train.groups, recipe.seed) == (40, 7)
        assert not arm.negatives or recipe.train.negatives_per_group == arm.negatives


def test_table_4_has_the_papers_rows_in_its_order() -> None:
    rows = [(arm.name, arm.mined_share, arm.variant.share, arm.rephrased_share) for arm in find_arms("table4")[1:]]
    assert rows == [
        ("mined", 1.0, 1.0, 0.0),
        ("both", 0.5, 1.0, 0.0),
        ("both+finance", 0.5, 1 / 3, 0.0),
        ("both+finance+rephrased", 0.5, 1 / 3, 0.5),
    ]


def test_an_arm_differs_from_its_counterpart_in_one_thing() -> None:
    arms = {arm.name: arm for arm in (*ARMS, *TABLE4)}
    for arm in arms.values():
        if arm.against:
            other = arms[arm.against]
            fields = ("mined_share", "variant", "rephrased_share", "negatives", "trained")
            assert sum(getattr(arm, name) != getattr(other, name) for name in fields) == 1
