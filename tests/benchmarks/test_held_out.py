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


def read_questions(part: Path) -> dict[str, str | None]:
    rows = map(json.loads, (part / "queries.jsonl").read_text().splitlines())
    return {row["_id"]: row["metadata"].get("document") for row in rows}


def read_pages(part: Path) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for row in (part / "qrels" / "test.tsv").read_text().splitlines()[1:]:
        query, page, _ = row.split("\t")
        found.setdefault(query, set()).add(page.rpartition("/")[0])
    return found


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
        assert {name for name in own.values() if name} <= names
        judged = read_pages(half)
        assert judged
        assert set(judged) <= set(own)
        assert set().union(*judged.values()) <= names


def test_a_question_of_the_whole_corpus_stays_with_its_pages_and_one_over_both_halves_is_left_out(
    tmp_path: Path,
) -> None:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "qrels").mkdir()
    for name in ("a", "b"):
        (tmp_path / "corpus" / f"{name}.pdf").touch()
    rows = [{"_id": name, "text": "?", "metadata": {}} for name in ("one", "both", "none")]
    (tmp_path / "queries.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "qrels" / "test.tsv").write_text(
        "query-id\tcorpus-id\tscore\none\ta/1\t1\nboth\ta/1\t1\nboth\tb/2\t1\n"
    )
    first, second = held_out.cut_in_two(tmp_path, tmp_path / "out")
    assert (set(read_questions(first)), set(read_questions(second))) == ({"one", "none"}, {"none"})
    assert (set(read_pages(first)), set(read_pages(second))) == ({"one"}, set())


def test_one_document_is_too_few(tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "a.pdf").touch()
    with pytest.raises(SystemExit, match="two halves take at least two"):
        held_out.cut_in_two(tmp_path, tmp_path / "out")


def test_the_start_is_no_untrained_system_and_gains_are_told_apart(tmp_path: Path) -> None:
    first = write_scores(tmp_path / "a", q1={"bm25": 1.0, "fusion": 0.5, "mini": 1.0, "trained": 1.0, "here": 1.0})
    second = write_scores(tmp_path / "b", q2={"bm25": 0.0, "fusion": 1.0, "mini": 1.0, "trained": 1.0})
    scores = held_out.read_scores(first, second, metric="NDCG@5")
    lines = held_out.compare(scores, {"q1": "a", "q2": "b"}, {"bm25", "fusion"}, "mini")
    assert [line.split()[0] for line in lines] == ["bm25", "fusion", "mini", "trained"]
    assert "the best untrained" in lines[1]
    assert "+0.250 [+0.000 +0.500] to best untrained" in lines[2]
    assert lines[2].endswith("the start")
    assert lines[3].endswith("+0.000 [+0.000 +0.000] to start")
