"""Sets for two trainers: messages with image files for ms-swift, ids and a corpus for tevatron."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from docrerank.datasets.features import IMAGE
from docrerank.datasets.groups import FamilyGroup
from docrerank.datasets.job import Job
from docrerank.datasets.tables import TableRow

IMAGE_TAG = "<image>"
NO_MINED = "a positive without mined pages"
NO_NEGATIVES = "a positive without hard negatives"
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
    with (
        job.writing({"pages": None}, ["train"]) as write_page,
        job.writing({"mined": None, "generated": None}, job.splits) as write,
    ):
        for file in sorted((job.staging.state / "pages").glob("*.parquet")):
            for row in pq.read_table(file).to_pylist():
                paths[row["id"]] = row["path"]
                write_page("pages", "train", row)
        for group in job.groups().read():
            job.left_out[NO_MINED] += not group.family.mined
            job.left_out[NO_NEGATIVES] += not group.family.negatives
            for table, row in build_messages(group, paths):
                write(table, group.split, row)


def build_messages(group: FamilyGroup, paths: dict[str, str]) -> Iterator[TableRow]:
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
    with job.writing({"queries": _TEVATRON}, job.splits) as write:
        for group in job.groups().read():
            job.left_out["hard negative queries, which this form cannot hold"] += len(group.family.negatives)
            job.left_out[NO_MINED] += not group.family.mined
            for row in _list_queries(group) if group.family.mined else ():
                write("queries", group.split, row)
    job.add("corpus", "corpus", {"train": corpus.rows["train"]})


def _list_queries(group: FamilyGroup) -> Iterator[dict[str, Any]]:
    for wording in group.family.wordings():
        others = [page for query, page in group.elsewhere if query.id == wording.id]
        yield {
            "query_id": wording.id,
            "query_text": wording.text,
            "query_image": None,
            "positive_document_ids": [group.page, *others],
            "negative_document_ids": group.family.mined,
            "answer": wording.answer,
            "source": "docrerank",
        }


def _say(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}
