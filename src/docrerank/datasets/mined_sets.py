"""Published mined sets: rows of a query, the page that answers it and the wrong pages that a retriever found for it.

Pages are named by the `docid` of their set, by its `page_id`, or by their row number in it, counted from 0.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

import pyarrow.parquet as pq

from docrerank.datasets.imported_rows import MAX_CHARACTERS
from docrerank.datasets.published import MINED, Published, find_published, name_row, read_sets
from docrerank.generation import given_queries
from docrerank.queries import normalise
from docrerank.records import MinedPage, Query, UserError
from docrerank.runs import Run, sort_by_hash

UNKNOWN, NO_QUERY, UNSURE = "its page is not in the run", "no query", "its page is not among the first 100"


def import_mined(run: Run, published: Published) -> Counter[str]:
    """Give a run's pages the queries of a mined set, each with some of its wrong pages.

    Of the first `mine.pool` wrong pages `mine.negatives_per_query` are drawn (the paper: 3 of 10). A query that its
    page has already keeps its id; the same set again changes nothing.

    Returns:
        `queries` and `mined`, and why rows were left out.

    Raises:
        UserError: the run has no pages, or the set names none of them.
    """
    pages = _index_pages(run)
    if not pages:
        raise UserError(f"'{published.source}' has queries and no pages: import the set with its pages first")
    counts: Counter[str] = Counter()
    asked: dict[str, dict[str, list[str]]] = defaultdict(dict)
    for row in _read_rows(published):
        if reason := _find_fault(row, pages):
            counts[reason] += 1
            continue
        right = [pages[key] for key in _keys(row["positive_passages"]) if key in pages]
        wrong = [pages[key] for key in _keys(row["negative_passages"]) if key in pages and pages[key] not in right]
        drawn = sort_by_hash(wrong[: run.recipe.mine.pool], run.recipe.seed)[: run.recipe.mine.negatives_per_query]
        asked[right[0]][row["query"]] = drawn
    if not asked:
        raise UserError(f"'{published.source}' names no page of the run: import the set with its pages first")
    _store(run, asked, published.name, counts)
    return counts


def _store(run: Run, asked: dict[str, dict[str, list[str]]], name: str, counts: Counter[str]) -> None:
    by_document: dict[str, list[str]] = defaultdict(list)
    for page in asked:
        by_document[page.rpartition("/")[0]].append(page)
    for document, pages in by_document.items():
        queries = list(given_queries(run).read(document))
        known = {(query.page_id, normalise(query.text)): query.id for query in queries}
        rows: list[MinedPage] = []
        for page in pages:
            for text, wrong in asked[page].items():
                key = known.setdefault((page, normalise(text)), f"{page}#m{len(queries)}")
                if not any(query.id == key for query in queries):
                    form = "question" if text.rstrip().endswith("?") else "keywords"
                    queries.append(Query(key, page, text, "positive", form, writer=f"imported {name}"))  # type: ignore[arg-type]
                rows += [MinedPage(key, other, rank, 0.0) for rank, other in enumerate(wrong, 1)]
        made_from = given_queries(run).made_from(document) or name
        given_queries(run).write(document, queries, made_from)
        run.queries.write(document, queries, made_from)
        run.mined.write(document, rows, made_from)
        counts.update(queries=len(pages), mined=len(rows))


def _index_pages(run: Run) -> dict[str, str]:
    """What a mined set may call a page, to the page's id in the run."""
    found: dict[str, str] = {}
    known = set(run.pages.column("id"))
    for one in read_sets(run).values():
        published, row = find_published(one["source"]), 0
        if published.is_mined:
            continue
        for file in published.files:
            names = pq.read_schema(file).names
            column = next((name for name in ("docid", "page_id") if name in names), "")
            count = pq.read_metadata(file).num_rows
            keys = pq.read_table(file, columns=[column])[column].to_pylist() if column else range(row, row + count)
            for place, key in enumerate(keys, row):
                page = str(key) if column == "page_id" else name_row(published.name, place)
                if page in known:
                    found[str(key)] = page
            row += count
    return found


def _read_rows(published: Published) -> Iterator[dict[str, Any]]:
    for path in published.files:
        with pq.ParquetFile(path) as file:
            columns = [name for name in (*MINED, "gold_in_top_100") if name in file.schema_arrow.names]
            for batch in file.iter_batches(1_000, columns=columns):
                yield from batch.to_pylist()


def _find_fault(row: dict[str, Any], pages: dict[str, str]) -> str:
    text = row["query"]
    if not isinstance(text, str) or not text.strip() or len(text) > MAX_CHARACTERS:
        return NO_QUERY
    if row.get("gold_in_top_100") is False:
        return UNSURE
    return "" if any(key in pages for key in _keys(row["positive_passages"])) else UNKNOWN


def _keys(value: Any) -> list[str]:
    """One id or a list of them, as numbers or texts."""
    return [str(key) for key in (value if isinstance(value, list) else [value]) if key is not None]
