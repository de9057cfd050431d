"""The model card of a trained vision-language reranker: where it comes from, how it was made, what it reaches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from docrerank.recipe import dump_recipe
from docrerank.runs import Run
from docrerank.training.dev import DevScores

#: Documents that the card names; the rest is counted.
MAX_DOCUMENTS = 100
CARD = """---
library_name: sentence-transformers
pipeline_tag: text-ranking
base_model: {base}
tags:
- sentence-transformers
- cross-encoder
- reranker
- visual-document-retrieval
- docrerank
---
# A page reranker

Trained by docrerank from `{base}`: it reads the image of a page, then a query, and says whether the page answers.

```python
from sentence_transformers import CrossEncoder
CrossEncoder("this folder").rank("what were net sales in 2020?", [image])  # PIL images, paths or URLs

from docrerank.reranker import Reranker
Reranker.from_pretrained("this folder").rank("what were net sales in 2020?", pages)  # the same scores, pages kept
```

## Results
Delivered: the {kept} weights, the best on the dev part.

| dev part ({dev_queries} queries, {dev_pages} pages) | untrained | this model |
|---|---|---|
| NDCG@5 among near pages of the document | {start.ndcg:.3f} | {end.ndcg:.3f} |
| hard negatives below their positive | {start.accuracy:.3f} | {end.accuracy:.3f} |

## Data lineage
{steps} steps over {groups} groups ({mined_groups} mined, {generated_groups} generated).
Dev documents were not trained on{style}.
Pages are not part of this folder; the files were:

{documents}

Queries by writer: {writers}.

## Recipe
```yaml
{recipe}```
Made from `{made_from}`; {versions}.
"""


def write_card(run: Run, scores: tuple[DevScores, DevScores], facts: dict[str, Any]) -> str:
    """The card's text; it holds no page, no image and no query.

    Args:
        run: whose recipe it was.
        scores: of the untrained start and of the folder as it is saved.
        facts: the counts of the stage, and `made_from`.
    """
    writers = Counter(writer or "unnamed" for writer in run.queries.column("writer"))
    return CARD.format(
        **facts,
        base=run.recipe.train.base,
        start=scores[0],
        end=scores[1],
        style="" if facts["split_by"] == "document" else ", but their only document was",
        documents=_list_documents(run),
        writers=_join(dict(sorted(writers.items()))),
        recipe=dump_recipe(run.recipe),
        versions=_join(run.manifest.read().get("versions", {})),
    )


def _list_documents(run: Run) -> str:
    counts = Counter(zip(run.pages.column("document"), run.pages.column("sha256"), strict=True))
    lines = [f"- {name}: {count} pages, sha256 `{digest}`" for (name, digest), count in sorted(counts.items())]
    rest = len(lines) - MAX_DOCUMENTS
    return "\n".join(lines[:MAX_DOCUMENTS] + ([f"- and {rest} more"] if rest > 0 else []))


def _join(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items())
