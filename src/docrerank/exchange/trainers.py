"""Sets for two trainers: messages with image files for ms-swift, ids and a corpus for tevatron."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from docrerank.exchange.features import IMAGE
from docrerank.exchange.groups import FamilyGroup
from docrerank.exchange.job import Job
from docrerank.exchange.tables import writing_lines, writing_parquet

IMAGE_TAG = "<image>"
NO_MINED = "a positive without mined pages"
NO_NEGATIVES = "a positive without hard negatives"
Row = tuple[str, dict[str, Any]]
_TEXTS = pa.list_(pa.string())
_TEVATRON = {
    "query_id": pa.string(),
    "query_text": pa.string(),
    "query_image": IMAGE,
    "positive_document_ids": _TEXTS,
    "negative_document_ids": _TEXTS,
    "answer": pa.string(),
    "source": pa.string(),
}


def write_swift(job: Job) -> None:
    """Write `mined/` and `generated/` in ms-swift's reranker form, and each image once under `images/`."""
    job.draw("files", "pages", ["train"])
    paths: dict[str, str] = {}
    with writing_lines(job.staging.set / "pages" / "train.jsonl") as write_page:
        for file in sorted((job.staging.state / "pages").glob("*.parquet")):
            for row in pq.read_table(file).to_pylist():
                paths[row["id"]] = row["path"]
                write_page(row)
    rows: Counter[tuple[str, str]] = Counter()
    with ExitStack() as stack:
        writers = {
            (table, split): stack.enter_context(writing_lines(job.staging.set / table / f"{split}.jsonl"))
            for table in ("mined", "generated")
            for split in job.splits
        }
        for group in job.groups().read():
            job.left_out[NO_MINED] += not group.family.mined
            job.left_out[NO_NEGATIVES] += not group.family.negatives
            for table, row in build_messages(group, paths):
                writers[table, group.split](row)
                rows[table, group.split] += 1
    for table in ("mined", "generated"):
        job.add(table, table, {split: rows[table, split] for split in job.splits}, "jsonl")
    job.add("pages", "pages", {"train": len(paths)}, "jsonl")


def build_messages(group: FamilyGroup, paths: dict[str, str]) -> Iterator[Row]:
    """Yield (table, row): a query with its pages, and a page with its queries, for every wording of the positive."""
    family, image = group.family, paths[group.page]
    for wording in family.wordings():
        if family.mined:
            yield (
                "mined",
                {
                    "messages": [_say("user", wording.text)],
                    "positive_messages": [[_say("assistant", IMAGE_TAG)]],
                    "positive_images": [[image]],
                    "negative_messages": [[_say("assistant", IMAGE_TAG)] for _ in family.mined],
                    "negative_images": [[paths[page]] for page in family.mined],
                },
            )
        if family.negatives:
            yield (
                "generated",
                {
                    "messages": [_say("user", IMAGE_TAG)],
                    "images": [image],
                    "positive_messages": [[_say("assistant", wording.text)]],
                    "negative_messages": [[_say("assistant", query.text)] for query in family.negatives],
                },
            )


def write_tevatron(job: Job) -> None:
    """Write tevatron's multimodal form: `queries` by document id, and a `corpus` with images.

    A row of it is one query and its documents: hard negative queries have no place in it and are left out.
    """
    corpus = job.draw("tevatron", "corpus", ["train"])
    rows: Counter[str] = Counter()
    with ExitStack() as stack:
        writers = {
            split: stack.enter_context(
                writing_parquet(job.staging.set / "queries" / f"{split}-00000-of-00001.parquet", _TEVATRON)
            )
            for split in job.splits
        }
        for group in job.groups().read():
            job.left_out["hard negative queries, which this form cannot hold"] += len(group.family.negatives)
            if not group.family.mined:
                job.left_out[NO_MINED] += 1
                continue
            for row in _list_queries(group):
                writers[group.split](row)
                rows[group.split] += 1
    job.add("queries", "queries", {split: rows[split] for split in job.splits})
    job.add("corpus", "corpus", {"train": corpus.rows["train"]})


def _list_queries(group: FamilyGroup) -> Iterator[dict[str, Any]]:
    for wording in group.family.wordings():
        others = [page for query, page in group.elsewhere if query.id == wording.id]
        yield {
            "query_id": wording.id,
            "query_text": wording.text,
            "query_image": None,
            "positive_document_ids": [group.page, *others],
            "negative_document_ids": list(group.family.mined),
            "answer": wording.answer,
            "source": "docrerank",
        }


def _say(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}
