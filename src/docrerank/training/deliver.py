"""Puts the trained model into the run: a folder that plain sentence-transformers loads, there whole or not at all."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from docrerank.retrieval import ModelCard, TokenEncoder, write_rarity
from docrerank.runs import sync
from docrerank.training.dev import DevPart, DevScores

README = """---
library_name: sentence-transformers
tags:
- sentence-transformers
- multi-vector
- reranker
- docrerank
license: apache-2.0
base_model: sentence-transformers/all-MiniLM-L6-v2
---
# A page reranker

Trained by docrerank from {start_name} on {groups} groups of queries and pages. It encodes a page once, window by
window, and scores it by late interaction: the mean over a query's tokens of the best cosine with a token of the page,
each token weighted by how rare it is on the pages trained on (`token_rarity.safetensors`).

| dev part ({queries} queries, {pages} pages) | before | this model |
|---|---|---|
| NDCG@5 within the document | {start.ndcg:.3f} | {end.ndcg:.3f} |
| hard negatives below their positive | {start.accuracy:.3f} | {end.accuracy:.3f} |

```python
from docrerank.reranker import Reranker
Reranker.from_pretrained("this folder").rank("what were net sales in 2020?", pages)
```
Plain sentence-transformers loads it too: encode a page's windows (`docrerank.json` says how long) with
`MultiVectorEncoder("this folder").encode_document`, join their rows, and score with `similarity`: all tokens then
count alike.
"""


def deliver(encoder: TokenEncoder, card: ModelCard, readme: str, target: Path) -> None:
    """Write the model beside `target`, then let it take its place."""
    with take_place(target) as partial:
        encoder.model.save_pretrained(str(partial), create_model_card=False)
        if encoder.rarity is not None:
            write_rarity(partial, encoder.rarity)
        card.write(partial)
        (partial / "README.md").write_text(readme, "utf-8")


@contextlib.contextmanager
def take_place(target: Path) -> Iterator[Path]:
    """Give a folder beside `target` to write into; when the block ends well, it takes `target`'s place."""
    partial, old = target.with_name(f"{target.name}.partial"), target.with_name(f"{target.name}.old")
    for leftover in (partial, old):
        shutil.rmtree(leftover, ignore_errors=True)
    yield partial
    if target.exists():
        target.rename(old)
    partial.rename(target)
    shutil.rmtree(old, ignore_errors=True)
    sync(target)


def write_readme(start_name: str, groups: int, part: DevPart, start: DevScores, end: DevScores) -> str:
    """The folder's README.md; it holds no text of the training pages."""
    queries, pages = len(part.queries), len(part.pages)
    return README.format(start_name=start_name, groups=groups, queries=queries, pages=pages, start=start, end=end)
