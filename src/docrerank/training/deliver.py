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
from docrerank.training.dev_part import DevPart, DevScores
from docrerank.training.loop import Course
from docrerank.training.teacher import read_teacher

if TYPE_CHECKING:
    from docrerank.training.text_trainer import Scorer

README = """---
library_name: sentence-transformers
pipeline_tag: text-ranking
{licence}base_model: {base}
tags:
- sentence-transformers
- {tag}
- reranker
- docrerank
---
# A page reranker

{base}, {learned}.

```python
from docrerank.reranker import Reranker
Reranker.from_pretrained("this folder").rank("what were net sales in 2020?", pages)
```
Plain sentence-transformers loads it too: {how}

| dev part ({queries} queries, {pages} pages) | before | this model |
|---|---|---|
| NDCG@5 within the document | {start.ndcg:.3f} | {end.ndcg:.3f} |
| hard negatives below their positive | {start.accuracy:.3f} | {end.accuracy:.3f} |

Data: {documents} documents, {all_pages} pages; {steps} steps over {mined_groups} groups of a question with mined wrong
pages and {generated_groups} of a page with verified hard negative questions (arXiv 2505.22584). Teacher: {teacher}.
Dev documents were not trained on{style}. Pages are not part of this folder.
{lineage}"""
ENCODES = """`{cls}("this folder").encode_document(windows)`. Of a page's
windows the best counts (token vectors: join the windows' rows); all query tokens then count alike.
`docrerank.json` says how pages are cut into windows."""
READS = """`CrossEncoder("this folder").predict([(question, window), ...])`.
The best of a page's windows is its score; `docrerank.json` says how pages are cut into windows."""


def deliver_text(
    run: Run, scorer: Scorer, card: ModelCard, part: DevPart, course: Course, counts: Mapping[str, Any]
) -> None:
    """Write a text model beside RUN/model, then let it take its place."""
    base, name = run.recipe.train.base, type(scorer.model).__name__
    tag = {"CrossEncoder": "cross-encoder", "MultiVectorEncoder": "multi-vector"}.get(name, "dense")
    how = READS if name == "CrossEncoder" else ENCODES.format(cls=name)
    shown = Path(base).name if Path(base).is_dir() else base
    shown = "sentence-transformers/all-MiniLM-L6-v2" if base in STARTS else shown
    with take_place(run.model) as partial:
        scorer.model.save_pretrained(str(partial), create_model_card=False)
        card.write(partial)
        readme = write_readme(run, part, (course.start, course.end), counts, base=shown, tag=tag, how=how)
        (partial / "README.md").write_text(readme, "utf-8")


def write_readme(
    run: Run,
    part: DevPart,
    scores: tuple[DevScores, DevScores],
    counts: Mapping[str, Any],
    *,
    base: str,
    tag: str,
    how: str,
    lineage: str = "",
) -> str:
    """The folder's README.md; it holds no page, no image and no query.

    Args:
        run: that it was trained from.
        part: queries and pages that measured it.
        scores: what the start and the delivered model reach there.
        counts: of the stage.
        base: name of the model that training began with.
        tag: what the hub calls such a model.
        how: the line of code that loads and asks it without docrerank.
        lineage: more about the data.
    """
    trained = counts["kept"] == "trained"
    return README.format(
        **counts,
        base=base,
        tag=tag,
        licence="license: apache-2.0\n" if run.recipe.train.base in STARTS else "",
        learned="trained by docrerank" if trained else "as it was: training brought no gain on the dev part",
        queries=len(part.queries),
        pages=len(part.pages),
        start=scores[0],
        end=scores[1],
        documents=len(run.pages.names()),
        all_pages=sum(map(run.pages.count, run.pages.names())),
        teacher=read_teacher(run) if run.recipe.train.teacher_weight else "none",
        style="" if counts["split_by"] == "document" else ", but their only document was",
        how=how,
        lineage=lineage,
    )


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
