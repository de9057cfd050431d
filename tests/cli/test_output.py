"""What a person reads: one line a stage, figures with their interval, times and sizes in two digits."""

from __future__ import annotations

import io
import time

import pytest
from rich.console import Console
from typer.testing import CliRunner

from docrerank.cli.app import VERBS, app
from docrerank.cli.output import progress, show_size, show_time
from docrerank.cli.stage_lines import describe_figures, describe_stage
from docrerank.runs import tell


def test_documents_read_now_before_and_left_out_are_told_apart() -> None:
    counts = {"documents": 5, "left_out": 4, "read": 2, "pages": 82, "ocr": 3, "layer": 79, "none": 0, "rejected": 4}
    line = describe_stage("ingest", counts)
    assert line == "5 documents: 2 read, 3 read before, 4 left out; 82 pages, 3 of them by OCR"


def test_a_training_says_what_it_did_and_that_the_start_was_kept() -> None:
    counts = {
        "groups": 16,
        "steps": 1,
        "dev_ndcg_untrained": 0.8231,
        "dev_ndcg": 0.8231,
        "kept": "untrained",
        "redone": 1,
    }
    line = describe_stage("train", counts)
    assert line == "16 groups, 1 step, NDCG@5 on held-out documents .823 before, .823 after; the start is kept"
    assert describe_stage("train", {"redone": 0}) == "as before"


@pytest.mark.parametrize(("low", "told"), [(0.004, False), (-0.004, True)])
def test_the_gain_is_that_of_training_and_a_tie_is_called_one(low: float, told: bool) -> None:
    figures = {"best_untrained": {"value": 0.837}, "start": {"value": 0.881}, "trained": {"value": 0.884}}
    gain = {"gain_of_training": {"value": 0.003, "low": low, "high": 0.01}}
    first, second = describe_figures({**figures, **gain})
    assert first == "NDCG@5: best untrained .837, start .881, trained .884"
    assert second.startswith(f"training gained +0.003 [{low:+.3f}, +0.010]")
    assert ("no difference" in second) == told
    assert describe_figures({}) == []


def test_times_and_sizes_have_two_digits() -> None:
    assert [show_time(seconds) for seconds in (59, 75, 3_000, 8_000, 90_000)] == [
        "59 s",
        "1.2 min",
        "50 min",
        "2.2 h",
        "25 h",
    ]
    assert [show_size(size) for size in (900, 26_400_000, 1.54e9, 128e9)] == ["1 kB", "26 MB", "1.5 GB", "128 GB"]


def test_help_shows_every_verb_under_its_goal_with_its_whole_sentence() -> None:
    shown = " ".join(CliRunner().invoke(app, ["--help"]).output.replace("│", " ").split())
    for group, verbs in VERBS.items():
        assert group in shown
        for name, verb in verbs.items():
            assert f"{name} {' '.join((verb.__doc__ or '').split(chr(10) * 2)[0].split())}" in shown


def test_the_version_is_printed() -> None:
    assert CliRunner().invoke(app, ["--version"]).output.startswith("docrerank 0.")


def test_slow_steps_inside_a_stage_are_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("docrerank.cli.output.SECONDS_BETWEEN_LINES", 0.0)
    with progress("mine") as show:
        tell("encoding pages", 3, 10)
        show(1, 2)
    assert capsys.readouterr().err.splitlines() == ["mine: encoding pages: 3 of 10", "mine: 1 of 2"]


def test_a_step_of_unknown_length_has_a_spinner_and_a_count_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    monkeypatch.setattr("docrerank.cli.output.notes", Console(file=screen, force_terminal=True, width=100))
    with progress("train") as show:
        show(1_234, 0)
        time.sleep(0.3)
        assert "1,234" in screen.getvalue()
        assert "/?" not in screen.getvalue()
        assert "left" not in screen.getvalue()
        show(3, 10)
        time.sleep(0.3)
        assert " 3/10" in screen.getvalue()
