"""The dataset card of a set: what is in it, who made it, what was rejected, how it was checked, how to load it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import jinja2
import yaml

from docrerank.report.audit import read_summary
from docrerank.runs import Run

#: The forms of a training set, each with one line about it.
FORMS = {
    "hf": "the released schema: one row a page with its image, positives, hard negatives and answers",
    "triplet": "sentence-transformers: anchor, positive, negative, by id",
    "labeled-list": "sentence-transformers: query and pages, or page and queries, with labels, by id",
    "beir": "corpus, queries and qrels as parquet, as the hub's benchmarks have them",
}
#: Documents named in a card; the rest is counted.
MAX_DOCUMENTS = 50
#: Stages whose rejected rows are counted.
STAGES = ("ingest", "import", "generate")
#: Sections of the recipe that shape no data, and keys that hold addresses and paths of whoever made it.
_NOT_DATA = ("workers", "train", "vision", "evaluate", "ablation", "serve")
_PRIVATE = frozenset({"base_url", "api_key_env", "model_path", "cache", "path"})
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))

Rows = Mapping[str, Mapping[str, int]]
Cells = list[tuple[Any, ...]]


def write_card(run: Run, form: str, rows: Rows, left_out: Mapping[str, int], license: str = "") -> str:
    """The README.md of a set: the hub's header, then what a reader needs to judge it. No path, no key, no date.

    Args:
        run: that the set was made from.
        form: one of `FORMS`.
        rows: by table and split.
        left_out: what the run has and the set has not: reason to count.
        license: as the hub names it; empty if nobody said.
    """
    documents = _list_documents(run)
    rejected = [(stage, *row) for stage in STAGES for row in _count(run.rejected(stage).column("reason"))]
    judges = Counter(zip(*(run.verdicts.column(name) for name in ("judge", "wording", "prompt")), strict=True))
    card = _open_templates().get_template("card.md.jinja")
    return card.render(
        form=form,
        forms=FORMS,
        license=license,
        header=_write_header(rows, sum(pages for _, pages, _ in documents), license),
        counts=_count_queries(run, documents),
        tables=[(f"`{table}`", split, count) for table, own in rows.items() for split, count in own.items()],
        writers=[(f"`{name or 'unknown'}`", count) for name, count in _count(run.queries.column("writer"))],
        judges=[
            (f"`{judge}`", wording, f"`{prompt}`" if prompt else "none (rules)", count)
            for (judge, wording, prompt), count in sorted(judges.items())
        ],
        left_out=[*rejected, *(("export", reason, count) for reason, count in sorted(left_out.items()))],
        audit=read_summary(run.path),
        documents=documents,
        most=MAX_DOCUMENTS,
        recipe=yaml.safe_dump(select_recipe(run), sort_keys=False, allow_unicode=True),
    )


def select_recipe(run: Run) -> Any:
    """The sections of the recipe that shape the data; without addresses, which may be of a private network."""
    return _hide(run.recipe.model_dump(mode="json", exclude=set(_NOT_DATA)))


def _hide(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _hide(entry) for key, entry in value.items() if key not in _PRIVATE}
    if isinstance(value, str) and value.startswith(("/", "~", "./", "../")):
        return Path(value).name
    return [_hide(entry) for entry in value] if isinstance(value, list) else value


def _open_templates() -> jinja2.Environment:
    templates = jinja2.Environment(
        loader=jinja2.PackageLoader("docrerank.datasets", "template"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    templates.filters["cell"] = lambda value: " ".join(str(value).replace("|", "\\|").split())
    return templates


def _write_header(rows: Rows, pages: int, license: str) -> str:
    header: dict[str, object] = {"license": license} if license else {}
    header["task_categories"] = ["visual-document-retrieval"]
    header["tags"] = ["docrerank", "reranking", "hard-negatives", "document-retrieval"]
    header["size_categories"] = [next((name for bound, name in _SIZES if pages < bound), "n>1M")]
    header["configs"] = [
        {
            "config_name": table,
            "data_files": [{"split": split, "path": f"{name_folder(table)}/{split}-*.parquet"} for split in splits],
        }
        for table, splits in rows.items()
    ]
    return yaml.safe_dump(header, sort_keys=False)


def name_folder(table: str) -> str:
    """The folder of a table in its set."""
    return "data" if table == "default" else table


def _list_documents(run: Run) -> Cells:
    """Name, pages and the file's sha256 of every document."""
    hashes = dict(zip(run.pages.column("document"), run.pages.column("sha256"), strict=True))
    return [(document, run.pages.count(document), hashes[document]) for document in sorted(hashes)]


def _count_queries(run: Run, documents: Cells) -> Cells:
    kinds, levels, properties, answered = Counter[str](), Counter[int](), Counter[str](), 0
    for query in run.queries.read():
        kinds[query.kind] += 1
        if query.kind == "rephrased":
            levels[query.level] += 1
        elif query.kind == "hard_negative":
            properties[query.property] += 1
            answered += bool(query.answered_by)
    return [
        ("documents", len(documents)),
        ("pages", sum(pages for _, pages, _ in documents)),
        *((name.replace("_", " "), count) for name, count in sorted(kinds.items())),
        ("hard negatives that another page answers", answered),
        *((f"hard negatives: {name or 'property unknown'}", count) for name, count in _count(properties.elements())),
        *((f"rephrased: level {level or 'unknown'}", count) for level, count in sorted(levels.items())),
    ]


def _count(values: Iterable[str]) -> list[tuple[str, int]]:
    """Values with their counts, the most frequent first."""
    return sorted(Counter(values).items(), key=lambda row: (-row[1], row[0]))
