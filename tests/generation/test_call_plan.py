"""What the models of a run would cost, before any is asked."""

from __future__ import annotations

from pathlib import Path

import pytest
from scripted import make_run

from docrerank.generation import plan_calls
from docrerank.generation.fingerprints import given_queries
from docrerank.records import Query
from docrerank.runs import Run

URL = "http://127.0.0.1:9/v1"


def calls(run: Run, pages: int) -> dict[str, int]:
    return {role.role: role.calls for role in plan_calls(run, pages).roles}


def test_every_role_has_its_calls(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", URL, 2, 5, "generate.answer_check=true")
    assert calls(run, 10) == {
        "positive_writer": 10,
        "negative_writer": 10,
        "rephraser": 10,
        "judge": 2 * (20 + 120 + 10) + 10,
    }


def test_roles_done_by_rules_cost_nothing(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", URL, 1, 5, roles=("judge",))
    assert set(calls(run, 5)) == {"judge"}
    assert plan_calls(make_run(tmp_path / "none", URL, 1, 5, roles=()), 5).calls == 0


def test_money_follows_from_prices(tmp_path: Path) -> None:
    prices = ("generate.judge.price_input=2", "generate.judge.price_output=10")
    plan = plan_calls(make_run(tmp_path / "run", URL, 1, 5, *prices), 5)
    judge = next(role for role in plan.roles if role.role == "judge")
    tokens_in, tokens_out = judge.tokens()
    assert plan.money == pytest.approx((2 * tokens_in + 10 * tokens_out) / 1e6)


def test_a_larger_image_costs_more_and_text_does_not_depend_on_it(tmp_path: Path) -> None:
    seen = ("generate.judge.sees=image",)
    small = plan_calls(make_run(tmp_path / "a", URL, 1, 5, *seen, "generate.judge.image_pixels=100000"), 5)
    large = plan_calls(make_run(tmp_path / "b", URL, 1, 5, *seen, "generate.judge.image_pixels=800000"), 5)
    judge = next(role for role in large.roles if role.role == "judge")
    assert large.input_tokens - small.input_tokens == judge.calls * (800_000 // 784 - 100_000 // 784)


def test_a_longer_page_costs_more_reading_and_no_more_writing(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", URL, 1, 5, "generate.judge.sees=text")
    short, long = (plan_calls(run, 100, page_tokens=tokens) for tokens in (100, 1_000))
    assert long.input_tokens > short.input_tokens
    assert long.output_tokens == short.output_tokens


def test_imported_positives_need_no_writer_and_complete_ones_nothing(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", URL, 2, 5)
    bare = Query("volume-000/1#0", "volume-000/1", "How many litres?", "positive", "question")
    whole = [
        Query("volume-001/1#0", "volume-001/1", "How many litres?", "positive", "question"),
        Query("volume-001/1#1", "volume-001/1", "How many towns?", "hard_negative", "question", "volume-001/1#0"),
    ]
    given_queries(run).write("volume-000", [bare], "given")
    given_queries(run).write("volume-001", whole, "given")
    assert calls(run, 5) == {"positive_writer": 0, "negative_writer": 1, "rephraser": 1, "judge": 2 * (1 + 12 + 1)}
