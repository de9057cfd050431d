"""Rows that are appended as they come, so that a killed work goes on behind the last one."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from docrerank.runs.atomic import write_text
from docrerank.runs.files import explain


class Journal:
    """JSON rows in a file, one a line; what was made from something else, or torn by a kill, is not in it.

    Args:
        path: of the file.
        made_from: fingerprint of all that the rows depend on.

    Attributes:
        rows: those of an earlier process, whole ones only.

    Examples:
        >>> journal = Journal(Path("scores.jsonl"), "model and pages")  # doctest: +SKIP
        >>> journal.append({"page": "a/1", "score": 0.5})  # doctest: +SKIP
    """

    def __init__(self, path: Path, made_from: str) -> None:
        self.path = path
        head, *rows = [*_read(path)] or [None]
        self.rows: list[Any] = rows if head == {"made_from": made_from} else []
        lines = [json.dumps(row) for row in ({"made_from": made_from}, *self.rows)]
        write_text(path, "\n".join(lines) + "\n")  # without the torn end, so that appending begins on a line

    def append(self, row: Any) -> None:
        """Add a row; when this returns, it is on the disk.

        Raises:
            UserError: the disk is full, or the file cannot be written.
        """
        try:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise explain(error, self.path) from error


def _read(path: Path) -> list[Any]:
    """Whole rows up to the first that is not."""
    rows: list[Any] = []
    try:
        for line in path.read_text("utf-8").split("\n")[:-1]:
            rows.append(json.loads(line))
    except (OSError, ValueError):
        pass
    return rows
