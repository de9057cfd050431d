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
from docrerank.datasets.released import FIELDS, PLURALS, Role
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
_KINDS: dict[Role, Kind] = {"positive": "positive", "rephrased": "rephrased", "negative": "hard_negative"}
_TEXTS = {"rephrased": "rephrased_queries", "negative": "negative_queries"}


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
        page = _read(Path(file.name), len(content), ingest)
        if isinstance(page, Fault):
            return page
        if page.width * page.height <= pixels and suffix in SINGLE:
            return _keep(page, name_image(content, suffix), folder)
        return _shrink(page, folder, pixels)


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


def _read(path: Path, size: int, ingest: Ingest) -> Page | Fault:
    """The first page of an image file; its text is read by OCR if `ingest` says so."""
    fault = Fault("not an image", "nothing could be read from it")
    for row in read_document(Document("page", str(path), "", size), ingest):
        if isinstance(row, Page):
            return row
        fault = Fault(row.reason, row.detail)
    return fault


def _shrink(page: Page, folder: Path, pixels: int) -> Page | Fault:
    try:
        image = render(page, pixels)
    except UserError as error:
        return Fault("damaged", str(error).replace(page.source, "the image"))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return _keep(replace(page, width=image.width, height=image.height), name_image(buffer.getvalue(), ".png"), folder)


def _keep(page: Page, image: dict[str, Any], folder: Path) -> Page:
    """Put the file where its content says, if it is not there whole yet."""
    path = folder.resolve() / image["path"][:2] / image["path"]
    if not path.is_file() or path.stat().st_size != len(image["bytes"]):
        with replacing(path, flush=False) as temporary:
            temporary.write_bytes(image["bytes"])
    return replace(page, source=str(path), sha256=path.stem)


@dataclass(slots=True)
class _Reader:
    """One row, its page's id, and who wrote what nobody signed."""

    row: Mapping[str, Any]
    page_id: str
    writer: str
    faults: list[Fault]

    def read(self) -> Iterator[Query]:
        texts = _listed(self.row.get("positive_queries"))
        if not texts:
            self.faults.append(Fault("no positive query", "its hard negatives, if any, were left out with it"))
        elif isinstance(answers := self.row.get("answer"), list) and len(answers) != len(texts):
            self.faults.append(Fault("answers do not match positives", f"{len(texts)} positives, other answers"))
        said = {normalise(text) for text in texts if text}
        for place, text in enumerate(texts):
            if not self._is_query("positive", text):
                continue
            yield self._build("positive", text, place)
            for role in ("rephrased", "negative"):
                for number, other in enumerate(self._below(role, place, len(texts))):
                    if not self._is_query(role, other):
                        continue
                    if role == "negative" and normalise(other) in said:
                        self.faults.append(Fault("hard negative has a positive's words", other))
                        continue
                    yield self._build(role, other, place, number)

    def _below(self, role: Role, place: int, positives: int) -> list[Any]:
        """The texts of a role under one positive."""
        value = self.row.get(_TEXTS[role])
        if not isinstance(value, list) or not value:
            return []
        if any(isinstance(entry, str) for entry in value):
            value = [value]
        if len(value) != positives:
            if not place:
                name = "negatives" if role == "negative" else "rephrasings"
                detail = f"{positives} positives, {len(value)} lists of {name}: all {name} of the row were left out"
                self.faults.append(Fault(f"{name} do not match positives", detail))
            return []
        return value[place] or []

    def _is_query(self, role: str, text: Any) -> bool:
        if not isinstance(text, str) or not text.strip():
            self.faults.append(Fault("empty query", f"a {role} query is {'missing' if text is None else 'empty'}"))
        elif len(text) > MAX_CHARACTERS:
            self.faults.append(Fault("query too long", f"{len(text)} characters: {text[:80]}..."))
        else:
            return True
        return False

    def _build(self, role: Role, text: str, place: int, number: int | None = None) -> Query:
        form: Form = "question" if text.rstrip().endswith("?") else "keywords"
        given = {name: self._cell(role, name, place, number) for name in FIELDS[role]}
        if role == "positive":
            answers = _listed(self.row.get("answer"))
            given["answer"] = answers[place] if place < len(answers) else None
        kept: dict[str, Any] = {
            name: tuple(value) if name == "answered_by" else value for name, value in given.items() if value
        }
        kept.setdefault("writer", self.writer)
        kept["form"] = kept["form"] if kept.get("form") in _FORMS else form
        return Query(**{"id": "", **kept}, page_id=self.page_id, text=text, kind=_KINDS[role])

    def _cell(self, role: Role, name: str, place: int, number: int | None) -> Any:
        column = self.row.get(f"{role}_{PLURALS[name]}")
        for index in (place,) if number is None else (place, number):
            if not isinstance(column, list) or index >= len(column):
                return None
            column = column[index]
        return column


def parse_queries(row: Mapping[str, Any], page_id: str, writer: str) -> tuple[list[Query], list[Fault]]:
    """The queries of a row: positives, each followed by its rephrasings and hard negatives.

    Ids that the set gives are kept if they are ids of this page and each is there once; else all are numbered.

    Args:
        row: columns of the released schema, and docrerank's own where the set has them.
        page_id: the page's id in the run.
        writer: put down where the set names no writer.

    Examples:
        >>> row = {"positive_queries": ["What was 2020?"], "negative_queries": [["What was 2019?", ""]]}
        >>> queries, faults = parse_queries(row, "a/1", "imported a")
        >>> [(query.id, query.kind, query.source_id) for query in queries], faults[0].reason
        ([('a/1#0', 'positive', ''), ('a/1#1', 'hard_negative', 'a/1#0')], 'empty query')
    """
    faults: list[Fault] = []
    queries = list(_Reader(row, page_id, writer, faults).read())
    ids = [query.id for query in queries]
    if len(set(ids)) != len(ids) or not all(key.startswith(f"{page_id}#") for key in ids):
        queries = [replace(query, id=f"{page_id}#{serial}") for serial, query in enumerate(queries)]
    return list(_link(queries)), faults


def _link(queries: list[Query]) -> Iterator[Query]:
    """Give every rephrasing and hard negative the id of the positive before it."""
    source = ""
    for query in queries:
        if query.kind == "positive":
            source = query.id
            yield query
        else:
            yield replace(query, source_id=source)


def _listed(value: Any) -> list[Any]:
    """A row's positives, or their answers: a list, or one alone."""
    return [value] if isinstance(value, str) else value if isinstance(value, list) else []
