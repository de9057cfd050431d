from __future__ import annotations

import json

import pytest

from docrerank.evaluation import (
    Answerability,
    Comparison,
    build_dict,
    compare,
    render_markdown,
    render_text,
    summarise_system,
)
from docrerank.statistics import METRICS, Interval


def make_comparison(ours: str = "ours", kind: str = "Table") -> Comparison:
    def spread(values: list[float]) -> dict[str, dict[str, float]]:
        return {metric: {f"q{number}": value for number, value in enumerate(values)} for metric in METRICS}

    answerability = Answerability(Interval(0.625, 0.5, 0.75), Interval(0.7, 0.6, 0.8), 2, 2)
    floor, best = [0.25] * 20, [0.75] * 20
    return compare(
        [
            summarise_system("BM25", spread(floor), trained=False, ms_per_query=1.25),
            summarise_system(ours, spread(best), trained=True, answerability=answerability),
        ],
        "BM25",
        {"q0": (kind,)},
        ceiling=summarise_system("ceiling", {**spread([1.0] * 20), "recall": {"q0": 0.856}}, trained=False),
        notes=["2 of 22 questions left out"],
    )


def test_the_text_shows_every_system_its_intervals_and_its_difference() -> None:
    text = render_text(make_comparison(), width=160)
    lines = text.splitlines()
    assert max(map(len, lines)) <= 160
    for part in ("BM25 (baseline)", "0.750", "[.750 .750]", "+0.500", "p=0.0001", "[+.500 +.500]", "0.625", "1.2"):
        assert part in text
    assert "The candidates hold 85.6% of a query's relevant pages" in text
    assert "2 of 22 questions left out" in text
    assert "\x1b" not in text


def test_the_markdown_has_as_many_cells_in_every_row() -> None:
    systems = [line for line in render_markdown(make_comparison()).splitlines() if line.startswith("|")]
    assert len({line.count("|") for line in systems[:5]}) == 1
    assert len({line.count("|") for line in systems[5:]}) == 1
    assert "| ours | 0.750 [0.750, 0.750] | +0.500 p=0.0001 [+0.500, +0.500] |" in systems[3]
    assert systems[5:] == [
        "| system | Table (1) |",
        "| --- | ---: |",
        "| BM25 | 0.250 [0.250, 0.250] |",
        "| ours | 0.750 [0.750, 0.750] |",
    ]


@pytest.mark.parametrize("name", ["a|b", "[bold]x[/bold]", "<script>", "a\nb", "a\x1b[31mb", "back\\|slash"])
def test_a_name_cannot_break_out_of_its_cell(name: str) -> None:
    comparison = make_comparison(ours=name, kind=name)
    rows = [line for line in render_markdown(comparison).splitlines() if line.startswith("|")]
    plain = [line for line in render_markdown(make_comparison()).splitlines() if line.startswith("|")]

    def count_borders(line: str) -> int:
        return line.replace("\\\\", "").replace("\\|", "").count("|")

    assert [count_borders(row) for row in rows] == [count_borders(row) for row in plain]
    assert "<script" not in "".join(rows)
    text = render_text(comparison, width=200)
    assert "\x1b" not in text
    assert "".join(letter if letter.isprintable() else " " for letter in name) in text


def test_the_dictionary_holds_every_number_and_survives_json() -> None:
    found = build_dict(make_comparison())
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    ours = found["systems"]["ours"]
    assert set(ours["metrics"]) == set(ours["differences"]) == set(METRICS)
    assert ours["differences"]["NDCG@5"]["interval"] == {"value": 0.5, "low": 0.5, "high": 0.5}
    assert ours["differences"]["NDCG@5"]["p"] < 0.001
    assert ours["answerability"]["auroc"]["value"] == 0.625
    assert found["systems"]["BM25"] | {"metrics": {}} == {
        "trained": False,
        "metrics": {},
        "differences": {},
        "answerability": None,
        "ms_per_query": 1.25,
    }
    assert found["ceiling"]["recall"]["value"] == 0.856
    assert found["breakdown"][0]["means"]["BM25"]["value"] == 0.25
    assert (found["queries"], found["seed"], found["resamples"], found["confidence"]) == (20, 0, 2000, 0.95)


def test_a_comparison_without_ceiling_or_evidence_is_one_table() -> None:
    system = summarise_system("BM25", {"NDCG@5": {"q": 0.5}}, trained=False)
    comparison = compare([system], "BM25", {})
    assert "by evidence" not in render_text(comparison)
    assert build_dict(comparison)["ceiling"] is None
    assert render_markdown(comparison).count("**") == 2
