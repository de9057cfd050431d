"""What a run will need is told before its first stage begins."""

from __future__ import annotations

from pathlib import Path

import pytest
from reportlab.pdfgen.canvas import Canvas
from typer.testing import CliRunner

from docrerank.cli.app import app
from docrerank.cli.needs import find_missing
from docrerank.recipe import load_recipe
from docrerank.records import UserError
from docrerank.runs import Run

NOWHERE = "http://127.0.0.1:9/v1"

pytest.importorskip("peft")
pytest.importorskip("sentence_transformers")


@pytest.fixture
def pdf(tmp_path: Path) -> Path:
    canvas = Canvas(str(tmp_path / "a.pdf"), invariant=1)
    canvas.drawString(72, 700, "Net revenue of plant 1 increased by 12% in 2020 to $4.5 million.")
    canvas.showPage()
    canvas.save()
    return tmp_path / "a.pdf"


@pytest.fixture(autouse=True)
def _offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)


def test_recipe_paper_names_its_servers_and_its_base_before_it_starts(pdf: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    roles = ("positive_writer", "negative_writer", "rephraser", "judge")
    changes = ["train.base=nobody/qwen2-vl-none", *(f"generate.{role}.base_url={NOWHERE}" for role in roles)]
    settings = [part for change in changes for part in ("--set", change)]
    arguments = ["run", str(pdf), "--out", str(out), "--recipe", "paper", *settings]
    with pytest.raises(UserError) as refused:
        CliRunner().invoke(app, arguments, catch_exceptions=False)
    told = str(refused.value)
    for name in ("mistralai/Pixtral-12B-2409", "Qwen/Qwen2.5-7B-Instruct", "Qwen/Qwen2.5-VL-7B-Instruct"):
        assert f"{name} at {NOWHERE} does not answer" in told
    assert "hf download nobody/qwen2-vl-none, or set HF_HUB_OFFLINE=0" in told
    assert told.endswith("Nothing was started: fix this, or stop before it with --to")
    assert not out.exists()


def test_only_the_stages_that_are_asked_for_need_anything(pdf: Path, tmp_path: Path) -> None:
    run = Run(tmp_path / "run", load_recipe("paper", ["train.base=nobody/qwen2-vl-none"]))
    assert list(find_missing(run, [pdf], ("ingest", "mine", "report"))) == []
    assert len(list(find_missing(run, [pdf], ("train",)))) == 1
    assert list(find_missing(Run(tmp_path / "run", load_recipe("cpu")), [pdf], ("ingest", "generate", "train"))) == []


def test_too_little_memory_is_told_with_the_way_around_model_servers(
    pdf: Path, tmp_path: Path, tiny_base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Run(tmp_path / "run", load_recipe("paper", [f"train.base={tiny_base}"]))
    assert list(find_missing(run, [pdf], ("train",))) == []
    monkeypatch.setattr("docrerank.vision.count_free", lambda: (100_000, True))
    (told,) = find_missing(run, [pdf], ("train",))
    assert "the GPU has 0.0 GB free" in told
    assert f"give --to mine, stop them, then docrerank train {run.path}" in told


def test_a_base_without_weights_is_not_there(pdf: Path, tmp_path: Path, tiny_base: Path) -> None:
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "config.json").write_bytes((tiny_base / "config.json").read_bytes())
    run = Run(tmp_path / "run", load_recipe("paper", [f"train.base={tmp_path / 'base'}"]))
    (told,) = find_missing(run, [pdf], ("train",))
    assert "has no model.safetensors" in told
