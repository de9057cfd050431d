"""A run as a benchmark: corpus, queries and qrels, for the hub or as a local folder of PDFs."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from docrerank.datasets.groups import FamilyGroup
from docrerank.datasets.job import Job
from docrerank.datasets.tables import Write, writing_lines
from docrerank.pages import find_source
from docrerank.records import Query, UserError
from docrerank.runs import is_url, replacing

#: The one split of a benchmark.
SPLIT = "test"
_COLUMNS = {"id": pa.string(), "text": pa.string()}
_QRELS = {"query-id": pa.string(), "corpus-id": pa.string(), "score": pa.int64()}


def write_beir(job: Job) -> None:
    """Write `corpus` (every page, with image and text), `queries` and `qrels` as parquet."""
    corpus = job.draw("corpus", "corpus", [SPLIT])
    job.add("corpus", "corpus", {SPLIT: corpus.rows[SPLIT]})
    with job.writing({"queries": _COLUMNS, "qrels": _QRELS}, [SPLIT]) as write:
        _write_judged(
            job,
            lambda query: write("queries", SPLIT, {"id": query.id, "text": query.text}),
            lambda row: write("qrels", SPLIT, row),
        )


def write_benchmark(job: Job) -> None:
    """Write `corpus/*.pdf`, `queries.jsonl` and `qrels/test.tsv`; the files are copied as they were read.

    Raises:
        UserError: the run's pages do not come from PDFs, or a file is gone or has changed.
    """
    folder = job.staging.set
    _copy_documents(job)
    qrels = folder / "qrels" / "test.tsv"
    with writing_lines(folder / "queries.jsonl") as write_line, replacing(qrels) as path, path.open("w") as file:
        file.write("query-id\tcorpus-id\tscore\n")

        def write_query(query: Query) -> None:
            write_line({"_id": query.id, "text": query.text, "metadata": {"kind": query.kind, "answer": query.answer}})

        def write_qrel(row: dict[str, Any]) -> None:
            file.write(f"{row['query-id']}\t{row['corpus-id']}\t{row['score']}\n")

        _write_judged(job, write_query, write_qrel)


def _write_judged(job: Job, write_query: Callable[[Query], None], write_qrel: Write) -> None:
    for group in job.groups().read():
        for query, judged in judge_queries(group):
            write_query(query)
            for page, score in judged.items():
                write_qrel({"query-id": query.id, "corpus-id": page, "score": score})


def judge_queries(group: FamilyGroup) -> Iterator[tuple[Query, dict[str, int]]]:
    """Yield the queries that some page answers, with the pages judged: 1 if it answers, 0 if it is known not to.

    A hard negative is one of them only if another page answers it; its own page is then judged 0.
    """
    elsewhere: dict[str, list[str]] = {}
    for query, page in group.elsewhere:
        elsewhere.setdefault(query.id, []).append(page)
    for query in group.family.wordings():
        yield query, dict.fromkeys([group.page, *elsewhere.get(query.id, [])], 1)
    for query in group.family.negatives:
        if query.id in elsewhere:
            yield query, {**dict.fromkeys(elsewhere[query.id], 1), group.page: 0}


def _copy_documents(job: Job) -> None:
    columns = (job.run.pages.column(name) for name in ("document", "source", "sha256"))
    documents = sorted(set(zip(*columns, strict=True)))
    if not any(source.lower().endswith(".pdf") and Path(source).stem == name for name, source, _ in documents):
        raise UserError(f"'{job.run.path}' was not made from PDFs: a benchmark folder needs them; use --to beir")
    for done, (name, source, digest) in enumerate(documents, 1):
        if Path(source).stem != name:
            raise UserError(f"the pages of '{name}' do not come from a file of that name: use --to beir")
        _copy(source, job.staging.set / "corpus" / Path(source).name, digest)
        job.progress(done, len(documents))


def _copy(source: str, target: Path, digest: str) -> None:
    file = find_source(source, digest)
    with replacing(target) as temporary:
        shutil.copyfile(file, temporary)
        with temporary.open("rb") as handle:
            same = hashlib.file_digest(handle, "sha256").hexdigest() == digest
        if not (same or is_url(source)):
            raise UserError(f"'{source}' has changed since it was read: ingest again")
