"""Two halves that share nothing, and scores that are paired by question."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "held_out.py"
_spec = importlib.util.spec_from_file_location("held_out_script", SCRIPT)
assert _spec is not None
assert _spec.loader is not None
held_out = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(held_out)

SAMPLES = Path(__file__).parents[2] / "samples" / "benchmark"


def read_questions(part: Path) -> dict[str, str]:
    rows = map(json.loads, (part / "queries.jsonl").read_text().splitlines())
    return {row["_id"]: row["metadata"]["document"] for row in rows}


def write_scores(path: Path, **scores: dict[str, float]) -> Path:
    rows = [
        {
            "id": name,
            "answerable": True,
            "systems": {key: {"metrics": {"NDCG@5": value}} for key, value in row.items()},
        }
        for name, row in scores.items()
    ]
    path.write_text(json.dumps({"queries": [*rows, {"id": "none", "answerable": False, "systems": {}}]}))
    return path


def test_the_halves_share_no_document_and_lose_no_question(tmp_path: Path) -> None:
    halves = held_out.cut_in_two(SAMPLES, tmp_path)
    documents = [{file.stem for file in (half / "corpus").glob("*.pdf")} for half in halves]
    assert documents[0] & documents[1] == set()
    assert documents[0] | documents[1] == {file.stem for file in (SAMPLES / "corpus").glob("*.pdf")}
    questions = [read_questions(half) for half in halves]
    assert {**questions[0], **questions[1]} == read_questions(SAMPLES)
    for half, own, names in zip(halves, questions, documents, strict=True):
        assert set(own.values()) <= names
        judged = {row.split("\t")[0] for row in (half / "qrels" / "test.tsv").read_text().splitlines()[1:]}
        assert judged
        assert judged <= set(own)


def test_one_document_is_too_few(tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "a.pdf").touch()
    with pytest.raises(SystemExit, match="two halves take at least two"):
        held_out.cut_in_two(tmp_path, tmp_path / "out")


def test_the_baseline_is_the_best_untrained_system_over_both_halves(tmp_path: Path) -> None:
    first = write_scores(tmp_path / "a", q1={"bm25": 1.0, "fusion": 0.5, "trained": 1.0, "only here": 1.0})
    second = write_scores(tmp_path / "b", q2={"bm25": 0.0, "fusion": 1.0, "trained": 1.0})
    lines = held_out.compare(held_out.read_scores(first, second, metric="NDCG@5"))
    assert [line.split()[0] for line in lines] == ["bm25", "fusion", "trained"]
    assert lines[1].endswith("the baseline")
    assert "+0.250 [+0.000 +0.500]" in lines[2]
