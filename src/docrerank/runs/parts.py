"""A stage's parts: one parquet file per shard, and beside it a marker that says from what it was made.

The file system is the truth of progress. A part counts only when its marker is there; the marker is written last.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Generic, TypeVar

from docrerank.runs.atomic import replacing, write_text
from docrerank.runs.files import read_json
from docrerank.runs.record_tables import read_column, read_records, write_records

Record = TypeVar("Record")

MAX_NAME_BYTES = 120


class Parts(Generic[Record]):
    """A folder of parts that hold records of one class.

    Args:
        folder: where the parts are; made when the first is written.
        record: the class of the rows.

    Examples:
        >>> from docrerank.records import Rejected
        >>> parts = Parts(Path("rejected"), Rejected)
        >>> parts.write("a", [Rejected("ingest", "a.pdf", "encrypted")], "f00d")  # doctest: +SKIP
        >>> parts.is_done("a", "f00d")  # doctest: +SKIP
        True
    """

    def __init__(self, folder: Path, record: type[Record]) -> None:
        self.folder = folder
        self.record = record

    def write(self, part: str, rows: Iterable[Record], made_from: str) -> int:
        """Write a part and then its marker; returns the number of rows.

        Args:
            part: the shard's name, usually a document.
            rows: its records, consumed lazily.
            made_from: fingerprint of all that the part depends on.
        """
        if self._marker(part).is_file():
            self._marker(part).unlink()
        with replacing(self._file(part)) as temporary:
            count = write_records(temporary, self.record, rows)
        marker = {"part": part, "made_from": made_from, "rows": count}
        write_text(self._marker(part), json.dumps(marker, ensure_ascii=False) + "\n")
        return count

    def is_done(self, part: str, made_from: str) -> bool:
        """Whether the part is there whole and was made from exactly this."""
        return self.made_from(part) == made_from

    def made_from(self, part: str) -> str | None:
        """The fingerprint a part was made from, or None if it is not there whole."""
        if not self._file(part).is_file():
            return None
        return read_json(self._marker(part)).get("made_from")

    def names(self) -> list[str]:
        """Names of the parts that are there whole, sorted."""
        markers = (read_json(path) for path in self.folder.glob("*._done"))
        names = (marker.get("part") for marker in markers)
        return sorted(name for name in names if name is not None and self.made_from(name) is not None)

    def read(self, *parts: str) -> Iterator[Record]:
        """Yield the records of the named parts, or of all of them, part by part."""
        for part in parts or self.names():
            if self.made_from(part) is not None:
                yield from read_records(self._file(part), self.record)

    def count(self, part: str) -> int:
        """How many records a part holds, from its marker; 0 if it is not there whole."""
        return int(read_json(self._marker(part)).get("rows", 0)) if self.made_from(part) is not None else 0

    def column(self, name: str, *parts: str) -> Iterator[Any]:
        """Yield one field of every record of the named parts, or of all, without reading the others."""
        for part in parts or self.names():
            yield from read_column(self._file(part), name)

    def keep_only(self, parts: Iterable[str]) -> None:
        """Delete every part that is not named: its document has left the run."""
        for stale in set(self.names()) - set(parts):
            self._marker(stale).unlink()
            self._file(stale).unlink()

    def _file(self, part: str) -> Path:
        return self.folder / f"{_file_name(part)}.parquet"

    def _marker(self, part: str) -> Path:
        return self.folder / f"{_file_name(part)}._done"


def _file_name(part: str) -> str:
    """The part's own name where a file system takes it, else its beginning and a hash."""
    safe = part.replace("/", "_").replace("\0", "_").lstrip(".") or "_"
    if safe == part and len(part.encode("utf-8")) <= MAX_NAME_BYTES:
        return part
    return f"{safe[:40]}-{hashlib.sha256(part.encode('utf-8')).hexdigest()[:16]}"
