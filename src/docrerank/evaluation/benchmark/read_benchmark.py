"""Reads a local benchmark folder, with a message that names file and line for everything wrong in it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from docrerank.evaluation.benchmark.benchmark import Benchmark, BenchmarkQuery
from docrerank.evaluation.statistics.ranking_metrics import MAX_RELEVANCE, is_plain_id
from docrerank.records import UserError

HEADER = ["query-id", "corpus-id", "score"]
#: What a query's metadata may hold, where it is looked at: the types, and what to give.
METADATA: dict[str, tuple[type | tuple[type, ...], str]] = {
    "document": ((str, type(None)), "not a string; give the PDF's file name without '.pdf'"),
    "answerable": (bool, "neither true nor false; give one of them or leave it out"),
    "evidence": ((list, type(None)), "not a list of strings; give one or leave it out"),
}
Table = dict[str, dict[str, int]]


def read_benchmark(path: Path) -> Benchmark:
    """Read `corpus/*.pdf`, `queries.jsonl` and `qrels/test.tsv` (BEIR's layout with PDFs as its corpus).

    A query with `metadata.document` is asked of that document only; `metadata.answerable` false marks a question that
    no page answers. A question said to be answerable without a relevant page is kept but ranked by no metric
    (`Benchmark.notes` counts them). The PDFs are only looked for here, not opened.

    Raises:
        UserError: one line with file and line number: a file is missing or malformed, ids clash, a row of the qrels is
            of an unknown query, of an unanswerable one, or of another document than the one the query is asked of.

    Examples:
        >>> benchmark = read_benchmark(Path("my-benchmark"))  # doctest: +SKIP
        >>> len(benchmark.ranked()), len(benchmark.unanswerable())  # doctest: +SKIP
        (156, 51)
    """
    _check_files(path)
    queries = _read_queries(path / "queries.jsonl")
    file = path / "qrels" / "test.tsv"
    qrels, lines = _read_qrels(file, queries)
    if not any(score > 0 for pages in qrels.values() for score in pages.values()):
        raise UserError(f"{file} names no relevant page; give at least one row with a score above 0")
    return Benchmark(path, tuple(queries.values()), qrels, lines)


def is_pdf_benchmark(path: Path) -> bool:
    """Whether a folder holds `corpus/*.pdf`.

    Examples:
        >>> is_pdf_benchmark(Path("nowhere"))
        False
    """
    corpus = path / "corpus"
    return corpus.is_dir() and any(file.suffix.lower() == ".pdf" for file in corpus.iterdir())


def _check_files(path: Path) -> None:
    for part in ("queries.jsonl", "qrels/test.tsv"):
        if not (path / part).is_file():
            raise UserError(
                f"no {path / part}; a benchmark folder holds corpus/*.pdf, queries.jsonl and qrels/test.tsv"
            )
    if not is_pdf_benchmark(path):
        raise UserError(f"no PDF in {path / 'corpus'}; put the benchmark's documents there as .pdf files")


def _read_lines(file: Path) -> Iterator[tuple[int, str]]:
    """Each line that is not blank, and its number; not `splitlines`, for a JSON text may hold its other separators."""
    try:
        with file.open(encoding="utf-8-sig") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield number, line.rstrip("\n")
    except UnicodeDecodeError as error:
        raise UserError(f"{file} is not UTF-8 ({error.reason}); save it as UTF-8") from error


def _read_queries(file: Path) -> dict[str, BenchmarkQuery]:
    queries: dict[str, BenchmarkQuery] = {}
    for number, line in _read_lines(file):
        query = _parse_query(line, f"{file}, line {number}", number)
        if query.id in queries:
            earlier = queries[query.id].line
            raise UserError(
                f"{file}, line {number}: query id {query.id!r} is taken by line {earlier}; give it its own"
            )
        queries[query.id] = query
    if not queries:
        raise UserError(f"{file} holds no query; give one JSON object a line")
    return queries


def _parse_query(line: str, where: str, number: int) -> BenchmarkQuery:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:  # too deep a nesting and too long a number fail in ways of their own
        raise UserError(f"{where}: not JSON ({error}); give one JSON object a line") from error
    if not isinstance(record, dict):
        raise UserError(f"{where}: not a JSON object; give {{'_id': ..., 'text': ..., 'metadata': {{...}}}}")
    identity, text, metadata = record.get("_id"), record.get("text"), record.get("metadata") or {}
    if not isinstance(identity, str) or not is_plain_id(identity):
        raise UserError(f"{where}: '_id' is missing or not a plain string; give every query a unique '_id'")
    if not isinstance(text, str) or not text.strip():
        raise UserError(f"{where}: 'text' is missing, empty or not a string; give the question's text")
    if fault := _find_fault(metadata):
        raise UserError(f"{where}: {fault}")
    return BenchmarkQuery(
        id=identity,
        text=text.encode("utf-8", "replace").decode("utf-8"),  # half a surrogate pair is no text
        document=metadata.get("document"),
        answerable=metadata.get("answerable", True),
        evidence=tuple(metadata.get("evidence") or ()),
        metadata=metadata,
        line=number,
    )


def _find_fault(metadata: Any) -> str:
    if not isinstance(metadata, dict):
        return "'metadata' is not an object; give {'document': ..., 'answerable': ...} or leave it out"
    for name, (kinds, fault) in METADATA.items():
        value = metadata.get(name)
        if name in metadata and not isinstance(value, kinds):
            return f"'metadata.{name}' is {fault}"
        if isinstance(value, list) and not all(isinstance(kind, str) for kind in value):
            return f"'metadata.{name}' is {fault}"
    return ""


def _read_qrels(file: Path, queries: Mapping[str, BenchmarkQuery]) -> tuple[Table, Table]:
    """The qrels, and the line that each of them stands on."""
    qrels: Table = {}
    lines: Table = {}
    rows = _read_lines(file)
    if next(rows, (0, ""))[1].split("\t") != HEADER:
        raise UserError(
            f"{file}, line 1: not the header; the first line must be 'query-id', 'corpus-id', 'score' with tabs"
        )
    for number, line in rows:
        fields = line.split("\t")
        fault = _find_row_fault(fields, queries)
        if not fault and qrels.get(fields[0], {}).get(fields[1], int(fields[2])) != int(fields[2]):
            fault = f"{fields[1]!r} has another score on line {lines[fields[0]][fields[1]]}; keep one of the two"
        if fault:
            raise UserError(f"{file}, line {number}: {fault}")
        qrels.setdefault(fields[0], {})[fields[1]] = int(fields[2])
        lines.setdefault(fields[0], {}).setdefault(fields[1], number)
    return qrels, lines


def _find_row_fault(fields: list[str], queries: Mapping[str, BenchmarkQuery]) -> str:
    if len(fields) != 3:
        return f"{len(fields)} fields instead of 3; separate query id, page id and score with tabs"
    query_id, page_id, score = fields
    if not is_plain_id(page_id):
        return "the page id is empty or not plain text; give '<PDF name without .pdf>/<page from 1>'"
    if not (score.isascii() and score.isdecimal() and len(score) < 9 and int(score) <= MAX_RELEVANCE):
        return f"score {score!r} is not an integer from 0 to {MAX_RELEVANCE}; give 1 for a relevant page"
    query = queries.get(query_id)
    if query is None:
        return f"query {query_id!r} is not in queries.jsonl; add the query or take the line out"
    if int(score) and not query.answerable:
        return f"query {query_id!r} is marked unanswerable; drop that mark or take the line out"
    if query.document is not None and page_id.rpartition("/")[0] != query.document:
        return (
            f"{page_id!r} is no page of {query.document!r}, the document query {query_id!r} is asked of; "
            "page ids are '<PDF name without .pdf>/<page from 1>'"
        )
    return ""
