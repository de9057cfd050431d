"""Records to Arrow tables and back: the schema follows from a record's type hints."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from docrerank.records import UserError

Record = TypeVar("Record")

BATCH_ROWS = 256
_PLAIN = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}
_BOXES = pa.list_(pa.float32())


def schema_of(record: type[Record]) -> pa.Schema:
    """The Arrow schema of a record class; (n, 4) float32 boxes are stored flat."""
    hints = typing.get_type_hints(record)
    return pa.schema([(field.name, _arrow_type(hints[field.name])) for field in _fields(record)])


def write_records(path: Path, record: type[Record], rows: Iterable[Record]) -> int:
    """Write records to a parquet file in batches; returns how many were written."""
    schema, count = schema_of(record), 0
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for batch in _batches(rows):
            writer.write_table(pa.Table.from_pylist([_to_row(row) for row in batch], schema))
            count += len(batch)
    return count


def read_records(path: Path, record: type[Record]) -> Iterator[Record]:
    """Yield the records of a parquet file.

    Raises:
        UserError: the file is damaged or holds other columns.
    """
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(BATCH_ROWS):
                for row in batch.to_pylist():
                    yield _from_row(record, row)
    except (pa.ArrowException, TypeError, OSError) as error:
        raise UserError(f"{path} cannot be read ({' '.join(str(error).split())}): delete it and run again") from error


def _fields(record: type[Any]) -> tuple[dataclasses.Field[Any], ...]:
    return dataclasses.fields(record)


def _arrow_type(hint: Any) -> pa.DataType:
    origin = typing.get_origin(hint)
    if hint in _PLAIN:
        return _PLAIN[hint]
    if origin is typing.Literal:
        return pa.string()
    if origin is tuple:
        return pa.list_(_arrow_type(typing.get_args(hint)[0]))
    if origin is np.ndarray:
        return _BOXES
    if origin in (types.UnionType, typing.Union):
        return _arrow_type(next(arg for arg in typing.get_args(hint) if arg is not type(None)))
    raise TypeError(f"no Arrow type for {hint}")


def _to_row(row: Any) -> dict[str, Any]:
    values = {field.name: getattr(row, field.name) for field in _fields(type(row))}
    return {name: value.ravel() if isinstance(value, np.ndarray) else value for name, value in values.items()}


def _from_row(record: type[Record], row: dict[str, Any]) -> Record:
    hints = typing.get_type_hints(record)
    for name, value in row.items():
        if typing.get_origin(hints.get(name)) is np.ndarray:
            row[name] = np.asarray(value, dtype=np.float32).reshape(-1, 4)
        elif isinstance(value, list):
            row[name] = tuple(value)
    return record(**row)


def _batches(rows: Iterable[Record]) -> Iterator[list[Record]]:
    batch: list[Record] = []
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH_ROWS:
            yield batch
            batch = []
    if batch:
        yield batch
