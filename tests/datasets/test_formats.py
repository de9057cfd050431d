"""ms-swift, tevatron and the two benchmark forms."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from docrerank.datasets import ExportOptions, export_run
from docrerank.datasets.usage import SNIPPETS
from docrerank.evaluation.benchmark import read_benchmark
from docrerank.records import UserError
from docrerank.runs import Run

datasets = pytest.importorskip("datasets")
MakeRun = Callable[..., Run]


def read_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_swift_rows_name_images_that_are_there_once(sets: Callable[[str], Path]) -> None:
    folder = sets("ms-swift")
    mined, generated = (read_lines(folder / table / "train.jsonl") for table in ("mined", "generated"))
    first = mined[0]
    assert first["messages"] == [{"role": "user", "content": "How high were the costs of acme in 2020?"}]
    assert first["positive_messages"] == [[{"role": "assistant", "content": "<image>"}]]
    assert len(first["negative_messages"]) == len(first["negative_images"]) == 3
    assert generated[0]["images"] == first["positive_images"][0]
    assert [[one["content"] for one in messages] for messages in generated[0]["negative_messages"]] == [
        [f"How high were the costs of acme in {year}?"] for year in (2017, 2018, 2031)
    ]
    named = {path for row in mined for images in (*row["positive_images"], *row["negative_images"]) for path in images}
    there = {str(path.relative_to(folder)) for path in (folder / "images").rglob("*.png")}
    assert named <= there
    assert len(there) == 9
    with Image.open(folder / first["positive_images"][0][0]) as image:
        assert image.format == "PNG"
    assert datasets.load_dataset(str(folder), "generated", split="train").num_rows == len(generated)


def test_equal_pages_are_one_image_file(make_run: MakeRun, tmp_path: Path) -> None:
    run = make_run()
    (tmp_path / "pdfs" / "copy.pdf").write_bytes((tmp_path / "pdfs" / "acme.pdf").read_bytes())
    pages = [
        dataclasses.replace(
            page, id=page.id.replace("acme", "copy"), document="copy", source=page.source.replace("acme", "copy")
        )
        for page in run.pages.read("acme")
    ]
    run.pages.write("copy", pages, "pages")
    told = export_run(run, tmp_path / "set", ExportOptions("ms-swift", pixels=10_000))
    assert told["rows"]["pages"] == {"train": 12}
    assert len(list((tmp_path / "set" / "images").rglob("*.png"))) == 9


def test_tevatron_rows_and_corpus_go_together(sets: Callable[[str], Path]) -> None:
    names: dict[str, Any] = {"SET": str(sets("tevatron"))}
    exec(SNIPPETS["tevatron"], names)
    queries, corpus = names["queries"], names["corpus"]
    assert set(queries.column_names) >= {
        "query_id",
        "query_text",
        "query_image",
        "positive_document_ids",
        "negative_document_ids",
    }
    ids = set(corpus["docid"])
    row = queries[0]
    assert {*row["positive_document_ids"], *row["negative_document_ids"]} <= ids
    assert not set(row["positive_document_ids"]) & set(row["negative_document_ids"])
    assert isinstance(corpus[0]["document_image"], Image.Image)


def test_beir_tables_are_those_of_the_hub(make_run: MakeRun, tmp_path: Path) -> None:
    run = make_run()
    queries = list(run.queries.read("acme"))
    queries[2] = dataclasses.replace(queries[2], answered_by=("acme/3", "gone/1"))
    run.queries.write("acme", queries, "changed")
    export_run(run, tmp_path / "set", ExportOptions("beir", pixels=10_000))
    names: dict[str, Any] = {"SET": str(tmp_path / "set")}
    exec(SNIPPETS["beir"], names)
    assert names["corpus"].column_names == ["id", "title", "text", "image"]
    assert names["qrels"].column_names == ["query-id", "corpus-id", "score"]
    judged = {(row["query-id"], row["corpus-id"]): row["score"] for row in names["qrels"]}
    assert judged["acme/1#0", "acme/1"] == 1
    assert (judged[queries[2].id, "acme/3"], judged[queries[2].id, "acme/1"]) == (1, 0)
    assert {query for query, _ in judged} == set(names["queries"]["id"])
    assert queries[3].id not in names["queries"]["id"]  # no page is known to answer it


def test_a_page_that_is_not_in_the_run_is_no_answer(make_run: MakeRun, tmp_path: Path) -> None:
    run = make_run()
    queries = list(run.queries.read("acme"))
    queries[0] = dataclasses.replace(queries[0], answered_by=("gone/1",))
    run.queries.write("acme", queries, "changed")
    export_run(run, tmp_path / "set", ExportOptions("beir", pixels=10_000))
    qrels = datasets.load_dataset(str(tmp_path / "set"), "qrels", split="test")
    assert "gone/1" not in qrels["corpus-id"]


def test_the_benchmark_folder_is_read_back(sets: Callable[[str], Path], whole_run: Run) -> None:
    benchmark = read_benchmark(sets("benchmark"))
    assert len(benchmark.queries) == 27
    assert len(benchmark.ranked()) == 27
    assert benchmark.qrels["acme/1#0"] == {"acme/1": 1}
    source = next(iter(whole_run.pages.read("acme"))).source
    assert (sets("benchmark") / "corpus" / "acme.pdf").read_bytes() == Path(source).read_bytes()


def test_a_changed_pdf_makes_no_benchmark(make_run: MakeRun, tmp_path: Path) -> None:
    run = make_run()
    (tmp_path / "pdfs" / "bolt.pdf").write_bytes(b"%PDF-")
    with pytest.raises(UserError, match=r"bolt\.pdf' has changed"):
        export_run(run, tmp_path / "set", ExportOptions("benchmark"))
    assert not (tmp_path / "set").exists()
