from __future__ import annotations

import pytest

from docrerank.evaluation.ablation import find_arms
from docrerank.evaluation.ablation.arms import ARMS, TABLE4
from docrerank.recipe import load_recipe
from docrerank.records import UserError


def test_the_control_is_always_the_first() -> None:
    assert [arm.name for arm in find_arms("negatives-8,mined,generated")] == ["mined", "negatives-8", "generated"]


def test_an_unknown_arm_names_those_there_are() -> None:
    with pytest.raises(UserError, match=r"no arm 'minded': one of all, table4, mined, generated"):
        find_arms("minded")


def test_every_arm_is_a_valid_recipe() -> None:
    for arm in (*ARMS, *TABLE4, *find_arms("train.learning_rate=1e-4")):
        load_recipe("cpu", [*arm.queries, *arm.training])
    many = load_recipe("cpu", [*ARMS[-1].queries, *ARMS[-1].training])
    assert (many.generate.negatives_per_positive, many.train.negatives_per_group) == (16, 16)


def test_table_4_has_the_papers_rows_in_its_order() -> None:
    rows = []
    for arm in find_arms("table4"):
        recipe = load_recipe("cpu", [*arm.queries, *arm.training])
        rows.append((arm.name, recipe.train.mined_share, recipe.generate.taxonomy, recipe.train.rephrased_share))
    general = load_recipe("cpu").generate.taxonomy
    assert rows == [
        ("mined", 1.0, general, 0.0),
        ("both", 0.5, general, 0.0),
        ("both+finance", 0.5, "finance", 0.0),
        ("both+finance+rephrased", 0.5, "finance", 0.5),
    ]


def test_an_arm_differs_from_its_counterpart_in_one_thing() -> None:
    arms = {arm.name: arm for arm in (*ARMS, *TABLE4)}
    for arm in arms.values():
        if arm.against:
            own, other = ({*each.training, each.queries} for each in (arm, arms[arm.against]))
            assert len(own - other) == 1
