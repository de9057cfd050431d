"""What lies beside the documents in `metadata.csv` or `metadata.jsonl`: whose reports they are, and of when."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from docrerank.pages.filing_cover import Cover
from docrerank.records import UserError
from docrerank.runs import is_url

NAMES = ("metadata.csv", "metadata.jsonl")
MAX_BYTES = 50_000_000
MAX_VALUE = 200


def read_metadata(paths: Sequence[str | Path]) -> dict[str, Cover]:
    """What the files of metadata in the given folders say, by document.

    Each row has a `document` (a file's name, its path inside the folder, or either without suffix) and any of
    `company`, `period` ("2022", "2023 Q2") and `form` ("10-K"); other columns are left alone.

    Raises:
        UserError: a file is too large, not UTF-8, or has no `document` column.
    """
    found: dict[str, Cover] = {}
    for folder in (Path(path) for path in paths if not is_url(path)):
        for file in (folder / name for name in NAMES):
            if folder.is_dir() and file.is_file():
                found |= {name: cover for row in _read_rows(file) for name, cover in _read_row(row, file)}
    return found


def find_cover(metadata: dict[str, Cover], inside: Path) -> Cover:
    """The metadata of a document, by its path inside the folder that was given, or by its name."""
    names = (inside.as_posix(), inside.with_suffix("").as_posix(), inside.name, inside.stem)
    return next((metadata[name] for name in names if name in metadata), Cover())


def _read_rows(file: Path) -> Iterable[dict[str, object]]:
    if file.stat().st_size > MAX_BYTES:
        raise UserError(
            f"'{file}' is larger than {MAX_BYTES // 1_000_000} MB: leave only rows of these documents in it"
        )
    try:
        text = file.read_text("utf-8-sig")
        if file.suffix == ".csv":
            return list(csv.DictReader(io.StringIO(text)))
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    except (ValueError, csv.Error, RecursionError) as error:
        raise UserError(f"'{file}' cannot be read ({error}): fix it or remove it") from None


def _read_row(row: object, file: Path) -> Iterator[tuple[str, Cover]]:
    if not isinstance(row, dict) or not row.get("document"):
        raise UserError(f"'{file}' has a row without a document: give each the column 'document', a file's name")
    company, period, form = (str(row.get(key) or "").strip()[:MAX_VALUE] for key in ("company", "period", "form"))
    yield str(row["document"]), Cover(company, period, form)
