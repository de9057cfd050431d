"""Puts the trained model into the run: a folder that plain sentence-transformers loads, there whole or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docrerank.retrieval import STARTS, ModelCard
from docrerank.runs import Run, sync
from docrerank.training.dev import DevPart
from docrerank.training.loop import Course
from docrerank.training.soft_scores import read_teacher

if TYPE_CHECKING:
    from docrerank.training.text import Scorer

README = """---
library_name: sentence-transformers
tags:
- sentence-transformers
- {tag}
- reranker
- docrerank
{licence}base_model: {base}
---
# A page reranker

{base}, {learned}.

| dev part ({queries} queries, {pages} pages) | before | this model |
|---|---|---|
| NDCG@5 within the document | {start.ndcg:.3f} | {end.ndcg:.3f} |
| hard negatives below their positive | {start.accuracy:.3f} | {end.accuracy:.3f} |

Data: {documents} documents, {all_pages} pages; {mined} groups of a question with mined wrong pages, {generated} of a
page with verified hard negative questions (arXiv 2505.22584). Teacher: {teacher}.

```python
from docrerank.reranker import Reranker
Reranker.from_pretrained("this folder").rank("what were net sales in 2020?", pages)
```
{how} `docrerank.json` says how pages are cut into windows.
"""
ENCODES = """Plain sentence-transformers loads it too: `{cls}("this folder").encode_document(windows)`. Of a page's
windows the best counts (token vectors: join the windows' rows); all query tokens then count alike."""
READS = """Plain sentence-transformers loads it too: `CrossEncoder("this folder").predict([(question, window), ...])`.
The best of a page's windows is its score."""


def deliver(scorer: Scorer, card: ModelCard, readme: str, target: Path) -> None:
    """Write the model beside `target`, then let it take its place."""
    with take_place(target) as partial:
        scorer.model.save_pretrained(str(partial), create_model_card=False)
        card.write(partial)
        (partial / "README.md").write_text(readme, "utf-8")


@contextlib.contextmanager
def take_place(target: Path) -> Iterator[Path]:
    """Give a folder beside `target` to write into; when the block ends well, it takes `target`'s place."""
    partial, old = target.with_name(f"{target.name}.partial"), target.with_name(f"{target.name}.old")
    for leftover in (partial, old):
        shutil.rmtree(leftover, ignore_errors=True)
    yield partial
    open_to_all(partial)
    if target.exists():
        target.rename(old)
    partial.rename(target)
    shutil.rmtree(old, ignore_errors=True)
    sync(target)


def open_to_all(folder: Path) -> None:
    """Give files the mode that the umask allows: libraries write weights that their owner alone can read."""
    mask = os.umask(0)
    os.umask(mask)
    for file in folder.rglob("*"):
        file.chmod((0o777 if file.is_dir() else 0o666) & ~mask)


def write_readme(run: Run, scorer: Scorer, part: DevPart, course: Course, counts: Mapping[str, Any]) -> str:
    """The folder's README.md; it holds no text of the training pages."""
    base, name = run.recipe.train.base, type(scorer.model).__name__
    shown = Path(base).name if Path(base).is_dir() else base
    kind = "trained by docrerank" if course.best else "as it was: training brought no gain on the dev part"
    return README.format(
        base="sentence-transformers/all-MiniLM-L6-v2" if base in STARTS else shown,
        tag={"CrossEncoder": "cross-encoder", "MultiVectorEncoder": "multi-vector"}.get(name, "dense"),
        licence="license: apache-2.0\n" if base in STARTS else "",
        learned=kind,
        queries=len(part.queries),
        pages=len(part.pages),
        start=course.start,
        end=course.end,
        documents=len(run.pages.names()),
        all_pages=sum(map(run.pages.count, run.pages.names())),
        mined=counts["mined_groups"],
        generated=counts["generated_groups"],
        teacher=read_teacher(run) if run.recipe.train.teacher_weight else "none",
        how=READS if name == "CrossEncoder" else ENCODES.format(cls=name),
    )
