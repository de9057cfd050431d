from __future__ import annotations

import json
from dataclasses import replace

import pytest
from fixtures.rankings import make_measured, make_table

from docrerank.evaluation import ResultsTable, build_dict, render
from docrerank.evaluation.statistics import METRICS
from docrerank.evaluation.table_forms import sum_up

HOSTILE = ["a|b", "[bold]x[/bold]", "<script>", "a\nb", "a\x1b[31mb", "back\\|slash"]


def make(ours: str = "ours") -> ResultsTable:
    bm25 = make_measured("BM25", [2] * 12, milliseconds={"q0": 1.0, "q1": 1.5})
    best = make_measured(ours, [1] * 12, trained=True)
    return make_table([bm25, best], {"q0": ("Table",)}, notes=["2 of 22 questions left out"])


def test_the_text_shows_every_system_its_intervals_and_its_difference() -> None:
    text = render(make())
    for part in ("BM25 (best untrained)", "ours", "1.000 [1.000 1.000]", "+.369 [+.369 +.369]"):
        assert part in text
    assert "bench: 12 queries of 12 documents" in text
    assert "they hold 100.0% of its relevant pages" in " ".join(text.split())
    assert "2 of 22 questions left out" in text
    assert "\x1b" not in text


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_cannot_break_out_of_its_cell(name: str) -> None:
    text = render(make(ours=name))
    assert len(text.splitlines()) == len(render(make()).splitlines())
    assert "\x1b" not in text
    assert "".join(letter if letter.isprintable() else " " for letter in name) in text


def test_the_dictionary_holds_every_number_and_survives_json() -> None:
    found = build_dict(make())
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    ours = found["systems"]["ours"]
    assert set(ours["metrics"]) == set(ours["differences"]) == set(METRICS)
    assert ours["differences"]["R@1"] == {"interval": {"value": 1.0, "low": 1.0, "high": 1.0}, "p": 2 / 2**12}
    assert found["systems"]["BM25"]["ms_per_query"] == 1.25
    assert found["systems"]["BM25"]["differences"] == {}
    assert found["ceiling"]["recall"]["value"] == 1
    assert found["breakdowns"]["evidence"][0]["means"]["ours"]["value"] == 1
    assert (found["queries"], found["documents"], found["seed"], found["resamples"]) == (12, 12, 0, 200)


def make_run_table() -> ResultsTable:
    """A run's table: the start gains over the best untrained system, training over the start."""
    systems = [
        make_measured("untrained", [0, 2] * 6, relevance={"q0": 0.5}),
        make_measured("start, whose name is so long that it takes two lines", [2] * 12),
        make_measured("trained", [2] * 6 + [1] * 6, trained=True),
    ]
    start = replace(systems[1], trained=True)
    return make_table([systems[0], start, systems[2]], start=start.name, trained="trained")


def test_the_gain_of_training_is_trained_less_start() -> None:
    table = make_run_table()
    found = sum_up(table)
    assert found["best_untrained"]["system"] == "untrained"
    assert found["start"]["system"].startswith("start")
    values = [found[name]["value"] for name in ("best_untrained", "start", "trained")]
    assert found["gain_of_training"]["value"] == pytest.approx(values[2] - values[1])
    assert found["gain_over_untrained"]["value"] == pytest.approx(values[2] - values[0])
    assert found["gain_of_training"]["low"] <= found["gain_of_training"]["value"] <= found["gain_of_training"]["high"]
    assert found["answerability"] is None
    without = sum_up(make_table([make_measured("untrained", [2] * 12)]))
    assert (without["start"], without["trained"], without["gain_of_training"]) == (None, None, None)


def test_the_short_table_shows_both_gains_in_lines_of_100_characters() -> None:
    text = render(make_run_table())
    assert max(len(line) for line in text.splitlines()) <= 100
    assert "…" not in text  # nothing is cut
    for part in ("gain over start", "gain over best", "R@1", "+.185 [+.", "untrained (best"):
        assert part in text
    assert "Training gained +.185 [+." in " ".join(text.split())
