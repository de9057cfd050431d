"""A run as a benchmark."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from docrerank.datasets import ExportOptions, export_run
from docrerank.runs import Run

datasets = pytest.importorskip("datasets")
MakeRun = Callable[..., Run]


def test_beir_tables_are_those_of_the_hub(
    make_run: MakeRun, tmp_path: Path, load: Callable[..., dict[str, Any]]
) -> None:
    run = make_run()
    queries = list(run.queries.read("acme"))
    queries[2] = dataclasses.replace(queries[2], answered_by=("acme/3", "gone/1"))
    run.queries.write("acme", queries, "changed")
    export_run(run, tmp_path / "set", ExportOptions("beir", pixels=10_000))
    names = load(tmp_path / "set")
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
