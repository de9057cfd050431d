from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from docrerank.recipe import (
    Recipe,
    dump_recipe,
    explain_recipe,
    fingerprint,
    load_recipe,
    recipe_keys,
    shipped_recipes,
)
from docrerank.records import UserError


@pytest.mark.parametrize("name", shipped_recipes())
def test_every_shipped_recipe_loads_and_survives_being_written(name: str, tmp_path: Path) -> None:
    recipe = load_recipe(name)
    (tmp_path / "copy.yaml").write_text(dump_recipe(recipe))
    assert load_recipe(tmp_path / "copy.yaml") == recipe


@pytest.mark.parametrize("name", shipped_recipes())
def test_a_recipe_explained_is_the_same_recipe(name: str, tmp_path: Path) -> None:
    recipe = load_recipe(name)
    (tmp_path / "copy.yaml").write_text(explain_recipe(recipe))
    assert load_recipe(tmp_path / "copy.yaml") == recipe


def test_every_key_is_explained_and_a_roles_keys_stand_once() -> None:
    lines = explain_recipe(Recipe()).splitlines()
    assert not [line for line in lines if not line.partition("  # ")[2]]
    assert sum(line.strip().startswith("base_url:") for line in lines) == 1


@pytest.mark.parametrize(
    ("override", "nearest"),
    [
        ("ingest.orc=never", "ingest.ocr"),
        ("train.lr=1", "train.learning_rate"),
        ("groups=5", "train.groups"),
        ("mine.poool=5", "mine.pool"),
    ],
)
def test_an_unknown_key_names_the_nearest(override: str, nearest: str) -> None:
    with pytest.raises(UserError, match=f"did you mean '{nearest}'"):
        load_recipe("cpu", [override])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("mine: {pool: 0}", "mine.pool: .*greater than or equal to 1"),
        ("mine: {poool: 3}", "did you mean 'mine.pool'"),
        ("- a\n- b", "must hold 'key: value' lines"),
        ("a: [", "is not YAML"),
    ],
)
def test_a_bad_file_is_told_in_one_line(text: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(text)
    with pytest.raises(UserError, match=message) as caught:
        load_recipe(file)
    assert "\n" not in str(caught.value)


def test_a_missing_recipe_names_the_shipped_ones() -> None:
    with pytest.raises(UserError, match=r"one of .*cpu"):
        load_recipe("nonesuch")


def test_overrides_are_typed_and_keys_are_all_listed() -> None:
    assert load_recipe("cpu", ["seed=7", "mine.relative_margin=0.1"]).mine.relative_margin == 0.1
    assert {"seed", "train.groups", "ingest.ocr"} <= set(recipe_keys())


def test_a_fingerprint_follows_its_section_only() -> None:
    one, other = load_recipe("cpu"), load_recipe("cpu", ["mine.pool=5"])
    assert fingerprint(one.train) == fingerprint(other.train)
    assert fingerprint(one.mine) != fingerprint(other.mine)


@given(st.text(max_size=60))
def test_any_override_loads_or_is_told(override: str) -> None:
    with contextlib.suppress(UserError):
        load_recipe("cpu", [override])


def test_the_rows_of_the_papers_table_differ_in_what_the_table_says() -> None:
    rows = {name: load_recipe(name).train for name in shipped_recipes() if name.startswith("paper")}
    found = {name: (row.groups, row.mined_share, row.rephrased_share) for name, row in rows.items()}
    assert found == {
        "paper": (120_000, 0.5, 0.0),
        "paper-fin": (120_000, 0.5, 0.0),
        "paper-full": (260_000, 0.4615, 0.5),
        "paper-mined": (120_000, 1.0, 0.0),
        "paper-reph": (120_000, 0.5, 0.5),
    }
    assert round(260_000 * 0.4615) == pytest.approx(120_000, abs=100)
    for name in rows:
        recipe = load_recipe(name)
        assert (recipe.name, recipe.vision.prompt, recipe.mine.same_document_share) == (name, "mono", None)
        assert round(recipe.train.warmup_share * recipe.train.groups / recipe.train.batch_groups) == 100
        assert recipe.generate == load_recipe("paper").generate
        assert (recipe.train.dev_share, recipe.mine.negatives_per_query, recipe.mine.relative_margin) == (
            0.01,
            10,
            None,
        )
        assert (recipe.vision.lora_init, recipe.vision.weight_decay) == ("gaussian", 0)
    assert load_recipe("paper").generate.positive_writer.image_patch == 16


def test_a_frozen_recipe_of_an_earlier_version_still_loads(tmp_path: Path) -> None:
    old = load_recipe("paper").model_dump()
    old["vision"] |= {"attention": "sdpa", "sharding": "none"}
    old["train"] |= {"windows_per_page": 1}
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(old))
    assert load_recipe(tmp_path / "recipe.yaml") == load_recipe("paper")


def test_the_finance_recipe_is_the_papers_but_for_its_negatives() -> None:
    paper, finance = load_recipe("paper"), load_recipe("finance")
    changed = {"taxonomy": "finance", "title_strip": True}
    assert finance.generate == paper.generate.model_copy(update=changed)
    assert (finance.mine, finance.train, finance.vision) == (paper.mine, paper.train, paper.vision)


def test_a_recipe_of_ones_own_begins_from_a_shipped_one(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("extends: paper\nname: mine\ntrain: {epochs: 2}\n")
    found = load_recipe(tmp_path / "mine.yaml")
    assert (found.train.epochs, found.train.groups) == (2, 120_000)
    (tmp_path / "wrong.yaml").write_text("extends: papers\n")
    with pytest.raises(UserError, match="no shipped recipe 'papers'"):
        load_recipe(tmp_path / "wrong.yaml")


@pytest.mark.parametrize(
    ("old", "base"),
    [("{start: minilm}", "minilm"), ("{base: ''}", "docrerank-mini"), ("{base: a/b, start: docrerank-mini}", "a/b")],
)
def test_an_old_recipe_s_start_is_read_as_the_base(old: str, base: str, tmp_path: Path) -> None:
    (tmp_path / "old.yaml").write_text(f"train: {old}\n")
    assert load_recipe(tmp_path / "old.yaml").train.base == base
