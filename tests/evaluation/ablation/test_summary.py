from __future__ import annotations

from docrerank.evaluation.ablation import draw, render_markdown
from docrerank.evaluation.ablation.learned import Learned
from docrerank.evaluation.ablation.measures import Measures
from docrerank.evaluation.ablation.summary import Skipped, summarise


def make(alone: dict[str, float], probe: float = 0.5) -> Measures:
    systems = {"alone": alone, "first stage": dict.fromkeys(alone, 0.25)}
    return Measures(
        Learned(4, 2.5),
        systems,
        systems,
        {query: query for query in alone},
        {"all": (2, probe), "year": (1, probe)},
        "trained",
        {"train": 9.0},
    )


MEASURED = {
    "untrained": [make({"a": 0.5, "b": 0.5})],
    "mined": [make({"a": 0.5, "b": 0.7}), make({"a": 0.7, "b": 0.9}, 1.0)],
    "<both>": [make({"a": 1.0, "b": 1.0}), make({"a": 1.0, "b": 1.0})],
}


def test_a_mean_is_over_questions_and_seeds_and_its_spread_over_seeds() -> None:
    mined = summarise(MEASURED, 4, [], "halls", 0).arms[1]
    row = mined.systems["alone"]
    assert (round(row.mean, 6), round(row.low, 6), round(row.high, 6)) == (0.7, 0.6, 0.8)
    assert (mined.seeds, mined.kept, mined.probe["year"]) == (2, 2, 0.75)


def test_differences_are_paired_by_question_with_seeds_averaged() -> None:
    both = summarise(MEASURED, 4, [], "halls", 0).arms[2].systems["alone"]
    assert both.to_control is not None
    assert both.to_untrained is not None
    assert round(both.to_control.value, 6) == 0.3
    assert (round(both.to_control.low, 6), round(both.to_control.high, 6)) == (0.2, 0.4)
    assert both.to_untrained.low == both.to_untrained.high == 0.5


def test_the_first_stage_is_compared_with_the_control_and_the_untrained_model() -> None:
    row = summarise(MEASURED, 4, [], "halls", 0).first_stage["alone"]
    assert row.to_control is not None
    assert row.to_untrained is not None
    assert (row.mean, round(row.to_control.value, 6), row.to_untrained.value) == (0.25, -0.45, -0.25)


def test_a_counterpart_is_compared_where_it_was_measured_too() -> None:
    arms = summarise(MEASURED, 4, [], "halls", 0, {"<both>": "mined", "mined": "nobody"}).arms
    assert (arms[1].counterpart, arms[2].counterpart) == ("", "mined")
    assert arms[1].systems["alone"].to_counterpart is None
    assert arms[2].systems["alone"].to_counterpart == arms[2].systems["alone"].to_control


def test_the_table_and_the_drawing_hold_every_arm_and_no_markup_of_its_name() -> None:
    found = summarise(MEASURED, 4, [Skipped("unverified", "no endpoint")], "halls", 0)
    table, drawing = render_markdown(found), draw(found)
    assert "| mined | 0.700 [0.600 0.800] |" in table
    assert "| no reranker | 0.250 |" in table
    assert "| mined | 2.5 | 0% |  | 2 of 2 | 9 |" in table
    assert "unverified was skipped: no endpoint." in table
    assert "&lt;both&gt;" in drawing
    assert "<both>" not in drawing
