"""Arrow schemas that `datasets` reads as it means them: images as images, lists as lists."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa

#: How `datasets` stores an image: the bytes of the file and a name for it.
IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


def build_schema(columns: dict[str, pa.DataType]) -> pa.Schema:
    """A schema whose metadata name the features, in the words that `datasets` 3 and later understand.

    Example:
        >>> build_schema({"id": pa.string(), "image": IMAGE}).metadata[b"huggingface"][:20]
        b'{"info": {"features"'
    """
    features = {name: _describe(kind) for name, kind in columns.items()}
    metadata = {"huggingface": json.dumps({"info": {"features": features}})}
    return pa.schema(list(columns.items()), metadata)


def _describe(kind: pa.DataType) -> dict[str, Any]:
    """`Sequence` is the one name for a list that every version reads."""
    if kind == IMAGE:
        return {"_type": "Image"}
    if pa.types.is_list(kind):
        return {"feature": _describe(kind.value_type), "_type": "Sequence"}
    names = {pa.string(): "string", pa.float32(): "float32", pa.float64(): "float64"}
    return {"dtype": names.get(kind, str(kind)), "_type": "Value"}
