"""Each auditor's judgements: lines appended as they are made, on the disk before the page goes on."""

from __future__ import annotations

import json
import os
import re
import threading
import time
from typing import Literal

from docrerank.records import UserError
from docrerank.runs import Run

Judgement = Literal["answerable", "not", "unclear", ""]
JUDGEMENTS = ("answerable", "not", "unclear", "")
FOLDER = "audit"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}\Z")


class Journal:
    """The judgements of one person on one run; the last on an item counts, an empty one takes it back.

    Args:
        run: the run.
        auditor: letters, digits, points, dashes.

    Raises:
        UserError: the name cannot be a file's, or the folder cannot be written.
    """

    def __init__(self, run: Run, auditor: str) -> None:
        if not _NAME.match(auditor):
            raise UserError(f"'{auditor}' cannot be an auditor's name: use letters, digits, points and dashes")
        self.auditor = auditor
        self.path = run.path / FOLDER / f"{auditor}.jsonl"
        self._lock = threading.Lock()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"{self.path.parent} cannot be made ({error.strerror}): you must own the run") from None

    def add(self, item: str, judgement: Judgement) -> None:
        """Append one judgement; it is on the disk when this returns.

        Raises:
            UserError: it could not be written; nothing else was lost.
        """
        line = json.dumps({"item": item, "judgement": judgement, "at": round(time.time())}) + "\n"
        try:
            with self._lock, self.path.open("a+b") as file:
                file.seek(max(0, file.tell() - 1))
                torn = file.read(1) not in (b"", b"\n")  # a crash cut the last line off
                file.write((b"\n" if torn else b"") + line.encode())
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise UserError(f"{self.path} cannot be written ({error.strerror}): make room, judge again") from None

    def read(self) -> dict[str, Judgement]:
        """The judgements that count, by item; a line that a crash cut off is passed over."""
        found: dict[str, Judgement] = {}
        for line in self.path.read_bytes().splitlines() if self.path.is_file() else ():
            try:
                row = json.loads(line)
                item, judgement = row["item"], row["judgement"]
            except (ValueError, KeyError, TypeError):
                continue
            if isinstance(item, str) and judgement in JUDGEMENTS:
                found[item] = judgement
        return {item: judgement for item, judgement in found.items() if judgement}


def list_journals(run: Run) -> list[Journal]:
    """The journals of everyone who has judged, by name."""
    names = sorted(path.stem for path in (run.path / FOLDER).glob("*.jsonl"))
    return [Journal(run, name) for name in names if _NAME.match(name)]
