"""Records to Arrow tables and back: the schema follows from a record's type hints."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from docrerank.records import UserError, one_line

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
    with pq.ParquetWriter(path, schema, compression="zstd", use_dictionary=False) as writer:
        for batch in _batches(rows):
            writer.write_table(_to_table(batch, schema))
            count += len(batch)
    return count


def read_records(path: Path, record: type[Record]) -> Iterator[Record]:
    """Yield the records of a parquet file.

    Raises:
        UserError: the file is damaged or holds other columns.
    """
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(BATCH_ROWS) if file.num_row_groups else ():
                yield from _from_batch(record, batch)
    except (pa.ArrowException, TypeError, OSError) as error:
        raise UserError(f"{path} cannot be read ({one_line(error)}): delete it and run again") from error


def read_column(path: Path, name: str) -> list[Any]:
    """One column of a parquet file, without reading the others."""
    try:
        with pq.ParquetFile(path) as file:
            return list(file.read([name]).column(name).to_pylist()) if file.num_row_groups else []
    except (pa.ArrowException, KeyError, OSError) as error:
        raise UserError(f"{path} cannot be read ({one_line(error)}): delete it and run again") from error


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


def _to_table(rows: list[Any], schema: pa.Schema) -> pa.Table:
    columns = [[getattr(row, name) for row in rows] for name in schema.names]
    return pa.table([_to_array(column, kind) for column, kind in zip(columns, schema.types, strict=True)], schema)


def _to_array(values: list[Any], kind: pa.DataType) -> pa.Array:
    """Boxes go in as one block of memory; a Python list for each would cost more than reading the page."""
    if kind != _BOXES:
        return pa.array(values, kind)
    ends = np.cumsum([0, *(value.size for value in values)], dtype=np.int32)
    return pa.ListArray.from_arrays(ends, np.concatenate([value.ravel() for value in values], dtype=np.float32))


def _from_batch(record: type[Record], batch: pa.RecordBatch) -> Iterator[Record]:
    columns = [_from_array(column) for column in batch.columns]
    for values in zip(*columns, strict=True):
        yield record(**dict(zip(batch.schema.names, values, strict=True)))


def _from_array(column: pa.Array) -> list[Any]:
    if column.type == _BOXES:
        flat, ends = np.from_dlpack(column.values), np.from_dlpack(column.offsets)  # to_numpy would import pandas
        return [flat[start:end].reshape(-1, 4).copy() for start, end in pairwise(ends)]
    values = column.to_pylist()
    return [tuple(value) for value in values] if pa.types.is_list(column.type) else values


def _batches(rows: Iterable[Record]) -> Iterator[list[Record]]:
    batch: list[Record] = []
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH_ROWS:
            yield batch
            batch = []
    if batch:
        yield batch
