"""Rows of a published set as pages and queries; every fault is reported, with what was left out for it."""

from __future__ import annotations

import io
import tempfile
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from docrerank.datasets.page_tables import SINGLE, name_image
from docrerank.pages import Document, find_image_suffix, read_document, render
from docrerank.queries import normalise
from docrerank.recipe import Ingest
from docrerank.records import Page, Query, UserError
from docrerank.records.query import Form, Kind
from docrerank.runs import replacing

#: A longer text is no question.
MAX_CHARACTERS = 4_000
_SOURCES = ("layer", "ocr", "none")
_FORMS = typing.get_args(Form)
#: The columns of what stands below a positive, and how a fault names it.
_BELOW: tuple[tuple[Kind, str, str], ...] = (
    ("rephrased", "rephrased_queries", "rephrasings"),
    ("hard_negative", "negative_queries", "negatives"),
)
#: What a set may record of a query, and its type there.
_FIELDS: dict[str, type] = {
    **dict.fromkeys(("id", "form", "answer", "property", "original", "edited", "evidence", "writer", "location"), str),
    "answered_by": list,
    "level": int,
}


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a row; `reason` is a fixed phrase."""

    reason: str
    detail: str


def store_image(image: Any, folder: Path, pixels: int, ingest: Ingest) -> Page | Fault:
    """Put an image into a folder under the hash of its bytes, and read it as a page.

    An image within the pixel budget keeps its bytes; a larger one, and a TIFF, is kept as PNG. What cannot be read
    leaves no file. The file may not be on the disk itself yet: `os.sync` before anything says that it is there.

    Args:
        image: as `datasets.Image` is stored, a mapping with `bytes`; or bytes.
        folder: of images.
        pixels: the budget.
        ingest: bounds, and whether OCR reads it.
    """
    content = image.get("bytes") if isinstance(image, Mapping) else image
    if not isinstance(content, bytes) or not content:
        return Fault("no image", "the row holds no image bytes: save the set with its images embedded")
    if len(content) > ingest.max_file_bytes:
        return Fault("file too large", f"{len(content)} bytes")
    suffix = find_image_suffix(content)
    if not suffix:
        return Fault("not an image", "docrerank reads PNG, JPEG, WebP and TIFF")
    with tempfile.NamedTemporaryFile(suffix=suffix) as file:
        file.write(content)
        file.flush()
        page, fault = None, Fault("not an image", "nothing could be read from it")
        for row in read_document(Document("page", file.name, "", len(content)), ingest):
            if isinstance(row, Page):
                page = row
                break
            fault = Fault(row.reason, row.detail)
        if page is None:
            return fault
        if suffix not in SINGLE or page.width * page.height > pixels:
            try:
                drawn = render(page, pixels)
            except UserError as error:
                return Fault("damaged", str(error).replace(page.source, "the image"))
            drawn.save(buffer := io.BytesIO(), "PNG")
            content, suffix = buffer.getvalue(), ".png"
            page = replace(page, width=drawn.width, height=drawn.height)
    name = name_image(content, suffix)["path"]
    path = folder.resolve() / name[:2] / name
    if not path.is_file() or path.stat().st_size != len(content):
        with replacing(path, flush=False) as temporary:
            temporary.write_bytes(content)
    return replace(page, source=str(path), sha256=path.stem)


def build_page(
    stored: Page, document: str, number: int, row: Mapping[str, Any], max_words: int
) -> tuple[Page, Fault | None]:
    """The stored image as a page of the run, with the text that the set brings, if it brings one."""
    page = replace(stored, id=f"{document}/{number}", document=document, number=number)
    text = row.get("page_text")
    if not isinstance(text, str):
        return page, None
    words = text.split()
    source: Any = row.get("text_source")
    source = source if source in _SOURCES else ("layer" if words else "none")
    boxes = np.zeros((len(words), 4), np.float32)
    given = np.asarray(row.get("word_boxes") or [], np.float32)
    fault = None
    if given.size == boxes.size:
        boxes = np.clip(np.nan_to_num(given), 0, 1).reshape(-1, 4).astype(np.float32)
    elif given.size:
        fault = Fault("word boxes do not match the text", f"{len(words)} words, {given.size / 4:g} boxes: left out")
    if len(words) > max_words:
        text, boxes = " ".join(words[:max_words]), boxes[:max_words]
        fault = Fault("too many words", f"words beyond {max_words} were cut off")
    return replace(page, text=text, text_source=source, boxes=boxes), fault


def parse_queries(row: Mapping[str, Any], page_id: str, writer: str) -> tuple[list[Query], list[Fault]]:
    """The queries of a row: positives, each followed by its rephrasings and hard negatives.

    Ids that the set gives are kept if they are ids of this page and each is there once; else all are numbered.

    Args:
        row: columns of the released schema, and docrerank's own where the set has them.
        page_id: the page's id in the run.
        writer: recorded where the set names none.

    Examples:
        >>> row = {"positive_queries": ["What was 2020?"], "negative_queries": [["What was 2019?", ""]]}
        >>> queries, faults = parse_queries(row, "a/1", "imported a")
        >>> [(query.id, query.kind, query.source_id) for query in queries], faults[0].reason
        ([('a/1#0', 'positive', ''), ('a/1#1', 'hard_negative', 'a/1#0')], 'empty query')
    """
    reader = _Reader(row, page_id, writer)
    queries = list(reader.read())
    ids = [query.id for query in queries]
    if len(set(ids)) != len(ids) or not all(key.startswith(f"{page_id}#") for key in ids):
        queries = [replace(query, id=f"{page_id}#{serial}") for serial, query in enumerate(queries)]
    return list(_link(queries)), reader.faults


class _Reader:
    """One row, what the set records of its queries by kind and text, and who wrote what nobody signed."""

    def __init__(self, row: Mapping[str, Any], page_id: str, writer: str) -> None:
        self.row, self.page_id, self.writer = row, page_id, writer
        self.faults: list[Fault] = []
        self.records: dict[tuple[str, str], list[dict[str, Any]]] = {}
        recorded = row.get("queries")
        for record in recorded if isinstance(recorded, list) else []:
            if isinstance(record, dict):
                self.records.setdefault((str(record.get("kind")), str(record.get("text"))), []).append(record)

    def read(self) -> Iterator[Query]:
        texts = _listed(self.row.get("positive_queries"))
        answers = self.row.get("answer")
        if not texts:
            self.faults.append(Fault("no positive query", "its hard negatives, if any, were left out with it"))
        elif isinstance(answers, list) and len(answers) != len(texts):
            self.faults.append(Fault("answers do not match positives", f"{len(texts)} positives, other answers"))
        answers = [*_listed(answers), *[""] * len(texts)]
        said = {normalise(text) for text in texts if isinstance(text, str)}
        others = [(kind, self._align(name, word, len(texts))) for kind, name, word in _BELOW]
        for place, text in enumerate(texts):
            if not self._is_query("positive", text):
                continue
            yield self._build("positive", text, answer=answers[place])
            for kind, columns in others:
                for other in columns[place]:
                    if kind == "hard_negative" and isinstance(other, str) and other and normalise(other) in said:
                        self.faults.append(Fault("hard negative has a positive's words", other))
                    elif self._is_query(kind, other):
                        yield self._build(kind, other)

    def _align(self, column: str, word: str, positives: int) -> list[list[Any]]:
        """The texts of a column under each positive; none of all if their lists do not match."""
        value = self.row.get(column)
        if not isinstance(value, list) or not value:
            return [[]] * positives
        lists = [value] if any(isinstance(entry, str) for entry in value) else value
        if len(lists) == positives:
            return [entry or [] for entry in lists]
        if positives:
            detail = f"{positives} positives, {len(lists)} lists of {word}: all {word} of the row were left out"
            self.faults.append(Fault(f"{word} do not match positives", detail))
        return [[]] * positives

    def _is_query(self, kind: str, text: Any) -> bool:
        if not isinstance(text, str) or not text.strip():
            missing = "missing" if text is None else "empty"
            self.faults.append(Fault("empty query", f"a {kind.replace('_', ' ')} is {missing}"))
        elif len(text) > MAX_CHARACTERS:
            self.faults.append(Fault("query too long", f"{len(text)} characters: {text[:80]}..."))
        else:
            return True
        return False

    def _build(self, kind: Kind, text: str, **known: Any) -> Query:
        found = self.records.get((kind, text))
        record = {**(found.pop(0) if found else {}), **known}
        kept: dict[str, Any] = {name: record[name] for name in _FIELDS if isinstance(record.get(name), _FIELDS[name])}
        form: Form = "question" if text.rstrip().endswith("?") else "keywords"
        kept["form"] = kept["form"] if kept.get("form") in _FORMS else form
        kept["writer"] = kept.get("writer") or self.writer
        kept["answered_by"] = tuple(page for page in kept.get("answered_by", ()) if isinstance(page, str))
        return Query(**{"id": "", **kept}, page_id=self.page_id, text=text, kind=kind)


def _link(queries: list[Query]) -> Iterator[Query]:
    """Give every rephrasing and hard negative the id of the positive before it."""
    source = ""
    for query in queries:
        if query.kind == "positive":
            source = query.id
        yield replace(query, source_id="" if query.kind == "positive" else source)


def _listed(value: Any) -> list[Any]:
    """A row's positives, or their answers: a list, or one alone."""
    return [value] if isinstance(value, str) else value if isinstance(value, list) else []
