"""Every line of a plan is the product that it shows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docrerank.generation import plan_calls
from docrerank.generation.corpus_plan import Rates, Sample, multiply, plan_corpus, show
from docrerank.recipe import load_recipe
from docrerank.runs import Run

SAMPLE = Sample(
    2, 100, {"reading": 0.02, "writing by rules": 0.05}, {"text tokens": 700.0}, {"pages": 9_000.0, "queries": 3_000.0}
)
MODEL = [f"generate.{role}.{key}" for role in ("positive_writer", "judge") for key in ("by=model", "model=vlm")]
MODEL += [f"generate.{role}.base_url=http://127.0.0.1:9/v1" for role in ("positive_writer", "judge")]


def work_out(text: str) -> float:
    """The value of a line's own words."""
    value = 1.0
    for sign, number in re.findall(r"(?:^| (x|/) )([\d,.e-]+)", text):
        factor = float(number.replace(",", ""))
        value = value / factor if sign == "/" else value * factor
    return value


@pytest.mark.parametrize("overrides", [[], MODEL])
def test_a_line_is_the_product_that_it_shows(tmp_path: Path, overrides: list[str]) -> None:
    run = Run.create(tmp_path / "run", load_recipe("cpu", overrides))
    lines = list(plan_corpus(SAMPLE, 1_000_000, plan_calls(run, 1_000_000), Rates(hours=10)))
    shown = [line for line in lines if " x " in line.sum or " / " in line.sum]
    assert len(shown) >= 7
    for line in shown:
        if "prices" not in line.sum:
            assert work_out(line.sum) == pytest.approx(line.value, rel=0.02), str(line)
    values = {line.what: line.value for line in lines}
    assert values["reading, processor"] == pytest.approx(1e6 * 0.02 / 3600)
    assert values["storage, all"] == pytest.approx(12)
    assert ("GPUs" in values) == bool(overrides)
    if overrides:
        gpu = sum(line.value for line in lines if line.unit == "GPU hours")
        assert values["GPUs"] == pytest.approx(gpu / 10)
        assert values["money, GPUs"] == pytest.approx(gpu * 2.5)


def test_a_longer_page_costs_more_reading_and_no_more_writing(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run", load_recipe("cpu", [*MODEL, "generate.judge.sees=text"]))
    short, long = (plan_calls(run, 100, page_tokens=tokens) for tokens in (100, 1_000))
    assert long.input_tokens > short.input_tokens
    assert long.output_tokens == short.output_tokens


def test_numbers_keep_three_figures() -> None:
    assert [show(number) for number in (1_234_567.8, 12.345, 0.01234, 3.0)] == ["1,234,568", "12.3", "0.0123", "3"]
    assert str(multiply("a", "b", (6, "x"), (4, "/ y"))) == "a: 6 x / 4 y = 1.5 b"
