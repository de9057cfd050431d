"""Small tables of a set, written a batch at a time, as parquet or as JSON lines."""

from __future__ import annotations

import contextlib
import dataclasses
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from docrerank.datasets.features import build_schema
from docrerank.records import Query
from docrerank.runs import replacing

ROWS_AT_ONCE = 1000
Write = Callable[[dict[str, Any]], None]
#: Name of a table to its columns; None for JSON lines.
Tables = Mapping[str, dict[str, pa.DataType] | None]
#: The name of a table and a row of it.
TableRow = tuple[str, dict[str, Any]]

_TYPES = {"level": pa.int64(), "answered_by": pa.list_(pa.string())}
#: All of a query's fields.
QUERIES = {field.name: _TYPES.get(field.name, pa.string()) for field in dataclasses.fields(Query)}


@contextlib.contextmanager
def writing_parquet(path: Path, columns: dict[str, pa.DataType]) -> Iterator[Write]:
    """Give a function that takes rows; the file is there when the block ends well."""
    schema = build_schema(columns)
    rows: list[dict[str, Any]] = []
    with replacing(path) as temporary, pq.ParquetWriter(temporary, schema, compression="zstd") as writer:

        def flush() -> None:
            writer.write_table(pa.Table.from_pylist(rows, schema))
            rows.clear()

        def write(row: dict[str, Any]) -> None:
            rows.append(row)
            if len(rows) == ROWS_AT_ONCE:
                flush()

        yield write
        if rows:
            flush()


@contextlib.contextmanager
def writing_lines(path: Path) -> Iterator[Write]:
    """As `writing_parquet`, with one JSON object a line."""
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8") as file:
        yield lambda row: print(json.dumps(row, ensure_ascii=False), file=file)


def describe_query(query: Query) -> dict[str, Any]:
    """A row of the `queries` table."""
    return {name: getattr(query, name) for name in QUERIES}
