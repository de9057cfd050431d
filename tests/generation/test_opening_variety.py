"""How uniform queries are."""

from __future__ import annotations

from docrerank.generation.generate import describe_monotony


def test_templates_are_told_from_varied_queries() -> None:
    uniform = describe_monotony(f"What was the value of row {n}?" for n in range(50))
    varied = describe_monotony(
        ["Who leads Acme?", "net sales 2019", "Explain the merger.", "How tall is the dam?", "Which towns flooded?"]
    )
    assert uniform["different_openings"] == 0.02
    assert varied["different_openings"] == 1.0
    assert uniform["type_token_ratio"] < varied["type_token_ratio"]
    assert uniform["openings"] == {"what was": 1.0}
    assert uniform["words"] == 7


def test_no_queries_are_no_fault() -> None:
    assert describe_monotony([]) == {
        "queries": 0,
        "words": 0.0,
        "type_token_ratio": 0.0,
        "different_openings": 0.0,
        "openings": {},
    }


def test_only_the_commonest_openings_are_named() -> None:
    assert len(describe_monotony(f"w{n} x{n}" for n in range(100))["openings"]) == 8
