"""The same questions and pages, asked of all documents."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from docrerank.evaluation.benchmark import read_benchmark

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "collection_wide.py"
_spec = importlib.util.spec_from_file_location("collection_wide_script", SCRIPT)
assert _spec is not None
assert _spec.loader is not None
script = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(script)

SAMPLES = Path(__file__).parents[2] / "samples" / "benchmark"


def test_questions_lose_their_document_and_nothing_else(tmp_path: Path) -> None:
    count = script.widen(SAMPLES, tmp_path / "wide")
    narrow, wide = read_benchmark(SAMPLES), read_benchmark(tmp_path / "wide")
    assert count == len(narrow.queries) == len(wide.queries)
    assert any(query.document for query in narrow.queries)
    assert all(query.document is None for query in wide.queries)
    assert [(query.id, query.text, query.answerable) for query in wide.queries] == [
        (query.id, query.text, query.answerable) for query in narrow.queries
    ]
    assert (tmp_path / "wide" / "qrels" / "test.tsv").read_bytes() == (SAMPLES / "qrels" / "test.tsv").read_bytes()
