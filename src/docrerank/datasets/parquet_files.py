"""Parquet tables that `datasets` reads as they are meant: images as images, lists as lists."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from docrerank.runs import replacing

ROWS_AT_ONCE = 1000
Write = Callable[[dict[str, Any]], None]
Columns = Mapping[str, pa.DataType]
#: How `datasets` stores an image: the bytes of the file and a name for it.
IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
ID, TEXT, IDS = pa.string(), pa.string(), pa.list_(pa.string())


def build_schema(columns: Columns) -> pa.Schema:
    """A schema whose metadata name the features, in the words that `datasets` 3 and later understand.

    Examples:
        >>> build_schema({"id": pa.string(), "image": IMAGE}).metadata[b"huggingface"][:20]
        b'{"info": {"features"'
    """
    features = {name: _describe(kind) for name, kind in columns.items()}
    return pa.schema(list(columns.items()), {"huggingface": json.dumps({"info": {"features": features}})})


@contextlib.contextmanager
def writing_parquet(path: Path, columns: Columns, rows_at_once: int = ROWS_AT_ONCE) -> Iterator[Write]:
    """Give a function that takes rows; the file is there when the block ends well."""
    schema = build_schema(columns)
    rows: list[dict[str, Any]] = []
    with (
        replacing(path) as temporary,
        pq.ParquetWriter(temporary, schema, compression="zstd", use_dictionary=False) as writer,
    ):

        def flush() -> None:
            writer.write_table(pa.Table.from_pylist(rows, schema))
            rows.clear()

        def write(row: dict[str, Any]) -> None:
            rows.append(row)
            if len(rows) == rows_at_once:
                flush()

        yield write
        if rows:
            flush()


def _describe(kind: pa.DataType) -> Any:
    """A list of records is a list; of other lists, `Sequence` is the one name that every version reads."""
    if kind == IMAGE:
        return {"_type": "Image"}
    if pa.types.is_struct(kind):
        return {field.name: _describe(field.type) for field in kind}
    if pa.types.is_list(kind):
        inner = _describe(kind.value_type)
        return [inner] if pa.types.is_struct(kind.value_type) else {"feature": inner, "_type": "Sequence"}
    names = {pa.float32(): "float32", pa.float64(): "float64"}  # which Arrow calls float and double
    return {"dtype": names.get(kind, str(kind)), "_type": "Value"}
