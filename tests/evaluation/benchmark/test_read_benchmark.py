from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from docrerank.evaluation.benchmark import read_benchmark
from docrerank.records import UserError

HEADER = "query-id\tcorpus-id\tscore\n"
QUERIES = [
    {"_id": "q1", "text": "Net sales of 2019?", "metadata": {"document": "a", "evidence": ["Table", "Chart"]}},
    {"_id": "q2", "text": "Net sales of 2031?", "metadata": {"document": "a", "answerable": False}},
    {"_id": "q3", "text": "Where is the plant?"},
]
SHARED = Path(__file__).resolve().parents[3] / "shared" / "benchmarks" / "mmdoc-dev"


def write_benchmark(folder: Path, queries: list[Any] | str = QUERIES, qrels: str = "q1\ta/2\t1\nq3\tb/1\t2\n") -> Path:
    (folder / "corpus").mkdir()
    (folder / "corpus" / "a.PDF").write_bytes(b"%PDF-1.7")
    (folder / "qrels").mkdir()
    lines = queries if isinstance(queries, str) else "".join(json.dumps(query) + "\n" for query in queries)
    (folder / "queries.jsonl").write_text(lines, encoding="utf-8")
    (folder / "qrels" / "test.tsv").write_text(HEADER + qrels, encoding="utf-8")
    return folder


def test_a_folder_is_read_whole(tmp_path: Path) -> None:
    benchmark = read_benchmark(write_benchmark(tmp_path))
    first, second, third = benchmark.queries
    assert (first.id, first.text, first.document, first.answerable) == ("q1", "Net sales of 2019?", "a", True)
    assert first.evidence == ("Table", "Chart")
    assert (second.answerable, third.document, third.evidence, third.line) == (False, None, (), 3)
    assert benchmark.qrels == {"q1": {"a/2": 1}, "q3": {"b/1": 2}}
    assert benchmark.lines == {"q1": {"a/2": 2}, "q3": {"b/1": 3}}
    assert benchmark.notes() == ()


def test_an_answerable_question_without_a_relevant_page_is_left_out_and_counted(tmp_path: Path) -> None:
    benchmark = read_benchmark(write_benchmark(tmp_path, qrels="q1\ta/2\t1\nq3\tb/1\t0\n"))
    assert [query.id for query in benchmark.ranked()] == ["q1"]
    assert [query.id for query in benchmark.unjudged()] == ["q3"]
    assert [query.id for query in benchmark.unanswerable()] == ["q2"]
    assert benchmark.notes() == ("1 of 3 questions left out: answerable, but with no relevant page",)


def test_windows_files_and_unusual_line_separators_are_read(tmp_path: Path) -> None:
    write_benchmark(tmp_path)
    query = json.dumps({"_id": "q1", "text": "one\u2028two"}, ensure_ascii=False)
    (tmp_path / "queries.jsonl").write_bytes(b"\xef\xbb\xbf" + query.encode() + b"\r\n\r\n")
    (tmp_path / "qrels" / "test.tsv").write_bytes(HEADER.strip().encode() + b"\r\nq1\ta/1\t1\r\n")
    benchmark = read_benchmark(tmp_path)
    assert benchmark.queries[0].text == "one\u2028two"
    assert benchmark.qrels == {"q1": {"a/1": 1}}


@pytest.mark.parametrize("part", ["queries.jsonl", "qrels/test.tsv"])
def test_a_missing_file_is_named(tmp_path: Path, part: str) -> None:
    (write_benchmark(tmp_path) / part).unlink()
    with pytest.raises(UserError, match=rf"^no .*{part}; a benchmark folder holds"):
        read_benchmark(tmp_path)


def test_a_corpus_without_pdf_is_refused(tmp_path: Path) -> None:
    os.remove(write_benchmark(tmp_path) / "corpus" / "a.PDF")
    with pytest.raises(UserError, match=r"no PDF in .*corpus; "):
        read_benchmark(tmp_path)


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ('{"_id": "q9", "text": ', "line 2: not JSON"),
        ("[" * 100_000, "line 2: not JSON"),
        ('{"_id": ' + "9" * 5000 + "}", "line 2: not JSON"),
        ('["q9", "Why?"]', "line 2: not a JSON object"),
        ('{"text": "Why?"}', "line 2: '_id' is missing"),
        ('{"_id": 9, "text": "Why?"}', "line 2: '_id' is missing or not a plain string"),
        ('{"_id": "\\ud800", "text": "Why?"}', "line 2: '_id' is missing or not a plain string"),
        ('{"_id": "q9"}', "line 2: 'text' is missing"),
        ('{"_id": "q9", "text": "  "}', "line 2: 'text' is missing"),
        ('{"_id": "q1", "text": "Why?"}', "line 2: query id 'q1' is taken by line 1"),
        ('{"_id": "q9", "text": "Why?", "metadata": ["a"]}', "line 2: 'metadata' is not an object"),
        ('{"_id": "q9", "text": "Why?", "metadata": {"document": 3}}', "line 2: 'metadata.document'"),
        ('{"_id": "q9", "text": "Why?", "metadata": {"answerable": "no"}}', "line 2: 'metadata.answerable'"),
        ('{"_id": "q9", "text": "Why?", "metadata": {"evidence": "Table"}}', "line 2: 'metadata.evidence'"),
    ],
)
def test_a_faulty_query_is_refused_with_its_line(tmp_path: Path, line: str, fault: str) -> None:
    write_benchmark(tmp_path, queries=json.dumps(QUERIES[0]) + "\n" + line + "\n")
    with pytest.raises(UserError) as caught:
        read_benchmark(tmp_path)
    assert f"queries.jsonl, {fault}" in str(caught.value)
    assert "; " in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("q1 a/2 1", "line 3: 1 fields instead of 3"),
        ("q1\t\t1", "line 3: the page id is empty"),
        ("q1\ta/3\t1.0", "line 3: score '1.0' is not an integer"),
        ("q1\ta/3\t-1", "line 3: score '-1' is not an integer"),
        ("q1\ta/3\t²", "line 3: score '²' is not an integer"),
        ("q1\ta/3\t" + "9" * 5000, "line 3: score '999"),
        ("q9\ta/3\t1", "line 3: query 'q9' is not in queries.jsonl"),
        ("q2\ta/3\t1", "line 3: query 'q2' is marked unanswerable"),
        ("q1\tb/1\t1", "line 3: 'b/1' is no page of 'a'"),
        ("q1\ta/2\t2", "line 3: 'a/2' has another score on line 2"),
    ],
)
def test_a_faulty_row_of_the_qrels_is_refused_with_its_line(tmp_path: Path, row: str, fault: str) -> None:
    write_benchmark(tmp_path, qrels=f"q1\ta/2\t1\n{row}\n")
    with pytest.raises(UserError) as caught:
        read_benchmark(tmp_path)
    assert f"test.tsv, {fault}" in str(caught.value)
    assert "; " in str(caught.value)


def test_an_unanswerable_question_may_have_pages_judged_not_relevant(tmp_path: Path) -> None:
    benchmark = read_benchmark(write_benchmark(tmp_path, qrels="q1\ta/2\t1\nq2\ta/2\t0\n"))
    assert benchmark.qrels["q2"] == {"a/2": 0}


def test_a_repeated_row_is_no_fault(tmp_path: Path) -> None:
    benchmark = read_benchmark(write_benchmark(tmp_path, qrels="q1\ta/2\t1\nq1\ta/2\t1\n"))
    assert benchmark.lines["q1"] == {"a/2": 2}


@pytest.mark.parametrize(
    ("queries", "qrels", "fault"),
    [
        ("\n", HEADER, "queries.jsonl holds no query"),
        (json.dumps(QUERIES[0]), "q1\ta/2\t1\n", "line 1: not the header"),
        (json.dumps(QUERIES[0]), HEADER + "q1\ta/2\t0\n", "names no relevant page"),
        (json.dumps(QUERIES[0]), "", "line 1: not the header"),
    ],
)
def test_an_empty_benchmark_is_refused(tmp_path: Path, queries: str, qrels: str, fault: str) -> None:
    (write_benchmark(tmp_path, queries) / "qrels" / "test.tsv").write_text(qrels)
    with pytest.raises(UserError, match=fault):
        read_benchmark(tmp_path)


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    (write_benchmark(tmp_path) / "queries.jsonl").write_bytes('{"_id": "q1", "text": "café"}'.encode("latin-1"))
    with pytest.raises(UserError, match=r"queries\.jsonl is not UTF-8"):
        read_benchmark(tmp_path)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared benchmark mmdoc-dev is not here")
def test_the_human_benchmark_is_read() -> None:
    benchmark = read_benchmark(SHARED)
    assert (len(benchmark.ranked()), len(benchmark.unanswerable()), len(benchmark.unjudged())) == (156, 51, 0)
    assert all(query.document is not None for query in benchmark.queries)
