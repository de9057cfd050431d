"""Who does a part of generation, and what of that shapes the result."""

from __future__ import annotations

import pytest

from docrerank.recipe import Role, load_recipe, shipped_recipes
from docrerank.records import UserError

URL = "http://127.0.0.1:8000/v1"


def test_a_role_is_done_by_rules_unless_a_model_is_named() -> None:
    assert not Role().is_model
    assert Role().shape() == {"by": "rules"}
    assert Role(by="model", base_url=URL, model="m").is_model


def test_address_price_and_patience_do_not_shape_the_answers() -> None:
    one = Role(by="model", base_url=URL, model="m")
    moved = one.model_copy(
        update={"base_url": "https://other/v1", "price_input": 9.0, "timeout": 1.0, "api_key_env": "K"}
    )
    assert one.shape() == moved.shape()


@pytest.mark.parametrize("change", [{"model": "n"}, {"sees": "text"}, {"prompt": "short"}, {"image_pixels": 10_000}])
def test_what_the_model_is_and_sees_does(change: dict[str, object]) -> None:
    one = Role(by="model", base_url=URL, model="m")
    assert one.shape() != one.model_copy(update=change).shape()


def test_the_shipped_recipes_name_the_roles_of_the_paper() -> None:
    assert {"cpu", "paper", "modern", "finance"} <= set(shipped_recipes())
    paper, cpu = load_recipe("paper").generate, load_recipe("cpu").generate
    assert "Pixtral-12B" in paper.positive_writer.model
    assert paper.judge.model == "Qwen/Qwen2.5-VL-7B-Instruct"
    assert (paper.negative_writer.model, paper.negative_writer.sees) == ("Qwen/Qwen2.5-7B-Instruct", "text")
    assert (paper.negative_candidates, paper.negatives_per_positive) == (12, 3)
    assert not any(role.is_model for role in (cpu.positive_writer, cpu.negative_writer, cpu.rephraser, cpu.judge))
    modern = load_recipe("modern").generate
    assert modern.judge.model.partition("/")[0] != modern.positive_writer.model.partition("/")[0]
    finance = load_recipe("finance").generate
    assert (finance.taxonomy, finance.title_strip) == ("finance", True)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("generate.judge.by=robot", "'rules' or 'model'"),
        ("generate.judge.sees=video", "'image' or 'text'"),
        ("generate.judge.base_url=localhost:8000", "base_url"),
        ("generate.judge.max_concurrency=0", "max_concurrency"),
        ("generate.judge.colour=red", "no recipe key"),
    ],
)
def test_a_wrong_role_is_one_clear_line(override: str, message: str) -> None:
    with pytest.raises(UserError, match=r"generate\.judge") as error:
        load_recipe("cpu", [override])
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_a_role_of_a_run_that_had_its_own_model_server_still_opens() -> None:
    """And is asked nothing before it is given an address; rules never had one."""
    old = Role.model_validate(
        {"by": "model", "base_url": "embedded", "model": "embedded", "gguf": "x", "projector": ""}
    )
    assert (old.base_url, old.is_model) == ("", True)


def test_a_key_in_a_recipe_is_refused_and_not_shown() -> None:
    for override in ("generate.judge.api_key_env=sk-abcdef", "generate.judge.base_url=https://me:sk-abcdef@host/v1"):
        with pytest.raises(UserError) as error:
            load_recipe("cpu", [override])
        assert "sk-abcdef" not in str(error.value)
