"""From what a request says to what a model takes: pages by id, texts, images decoded or read by OCR.

An image is looked at before it is decoded.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import io
import warnings
from collections.abc import Sequence

from cachetools import LRUCache
from PIL import Image, ImageOps

from docrerank.records import Page
from docrerank.serving.errors import ApiError
from docrerank.serving.models import ServedModel
from docrerank.serving.pages import Content, Pages
from docrerank.serving.requests import Form, Value
from docrerank.serving.settings import Limits
from docrerank.serving.tokens import TokenCounter
from docrerank.serving.workers import Workers, read_image

QUERY_CHARACTERS = 4_000
#: Documents of a fused model: BM25 reads all of them at once.
FUSED_DOCUMENTS = 1_000
#: Pages that a request may name by their ids: all are read before the first is scored.
NAMED_PAGES = 1_000
IMAGE_SECONDS = 60.0
IMAGE_FORMATS = {"PNG": ".png", "JPEG": ".jpg", "WEBP": ".webp"}
IMAGE_HINT = "send PNG, JPEG or WebP as base64 or as a data URL"
IMAGE_FAULTS = (OSError, ValueError, SyntaxError, EOFError, MemoryError, Image.DecompressionBombError)
#: Documents after which other clients have their turn.
TURN = 1_000


class ContentReader:
    """Reads the documents and queries of requests."""

    def __init__(self, pages: Pages, limits: Limits, workers: Workers) -> None:
        self.pages, self.limits, self.workers = pages, limits, workers
        self._read: LRUCache[bytes, Page] = LRUCache(512)

    async def read_query(self, query: Value, model: ServedModel, tokens: int | None = None) -> str:
        """A query's words; those of its images, read by OCR, follow its text."""
        form = _open(query, "query")
        texts = [form.all_text() or ""]
        if form.page_id is not None:
            page = await asyncio.to_thread(self.pages.get, form.page_id, "query.page_id")
            texts.append(page.text[:QUERY_CHARACTERS])
        for name, image in form.images():
            texts.append((await self._ocr(image, f"query.{name}")).text)
        text = " ".join(" ".join(texts).split())
        if not text:
            raise ApiError(422, "empty_query", "the query has no word", "query", "ask something")
        _check_size("query_too_long", len(text), QUERY_CHARACTERS, "characters of a query", "query", "shorten it")
        return text if tokens is None else _get_counter(model, "max_tokens_per_query").cut(text, tokens)

    async def read_documents(
        self, documents: Sequence[Value], model: ServedModel, tokens: int | None = None, field: str = "documents"
    ) -> list[Content]:
        """Documents as this model takes them."""
        bound = min(self.limits.documents, FUSED_DOCUMENTS) if model.fused else self.limits.documents
        _check_size("too_many_documents", len(documents), bound, f"documents for '{model.name}'", field)
        forms = [_open(document, f"{field}[{at}]") for at, document in enumerate(documents)]
        count = sum(len(form.images()) for form in forms)
        _check_size("too_many_images", count, self.limits.images, "images", field)
        named = [(form.page_id, f"{field}[{at}].page_id") for at, form in enumerate(forms) if form.page_id is not None]
        _check_size("too_many_documents", len(named), NAMED_PAGES, "pages named by their ids", field)
        pages = iter(await asyncio.to_thread(self.pages.read, named) if named else ())
        found: list[Content] = []
        for at, form in enumerate(forms):
            if at % TURN == TURN - 1:
                await asyncio.sleep(0)
            named_page = form.page_id is not None
            found.append(next(pages) if named_page else await self._read_one(form, model, f"{field}[{at}]"))
        if tokens is None:
            return found
        counter = _get_counter(model, "max_tokens_per_doc")
        return await asyncio.to_thread(lambda: [_write(counter.cut(one.text, tokens)) for one in found])

    async def _read_one(self, form: Form, model: ServedModel, field: str) -> Content:
        text = form.all_text()
        _check_size(
            "document_too_long", len(text or ""), self.limits.document_characters, "characters of a document", field
        )
        if model.kind == "vision":
            return await self._see(form, model, field)
        if text is not None:  # a text that comes with an image is what is written on it
            return _write(text)
        pages = [await self._ocr(image, f"{field}.{name}") for name, image in form.images()]
        return Content.of(pages[0]) if len(pages) == 1 else _write("".join(page.text for page in pages))

    async def _see(self, form: Form, model: ServedModel, field: str) -> Content:
        """For a model that reads images: one image, with the text that belongs to it."""
        given, text = form.images(), form.all_text() or ""
        if len(given) != 1:
            message = f"'{model.name}' reads page images, and this document has {len(given)}"
            raise ApiError(422, "needs_image", message, field, 'give one image: {"image": ...}')
        name, image = given[0]
        data, _ = await asyncio.to_thread(decode_image, image, self.limits.image_pixels, f"{field}.{name}")
        opened = await asyncio.to_thread(open_image, data, f"{field}.{name}")
        return Content(f"{hashlib.sha256(data).hexdigest()} {text}", {"image": opened, "text": text}, text)

    async def _ocr(self, image: str, field: str) -> Page:
        """What a picture says; remembered, since reading takes a second."""
        pixels = self.limits.image_pixels
        data, suffix = await asyncio.to_thread(decode_image, image, pixels, field)
        key = hashlib.sha256(data).digest()
        if (known := self._read.get(key)) is not None:
            return known
        page, reason = await self.workers.run(read_image, data, suffix, pixels, seconds=IMAGE_SECONDS, field=field)
        if page is None:
            raise ApiError(422, "bad_image", reason, field, IMAGE_HINT)
        self._read[key] = page
        return page


def _check_size(
    code: str, size: int, bound: int, of_what: str, field: str, hint: str = "send them in several requests"
) -> None:
    if size > bound:
        raise ApiError(413, code, f"{size} {of_what}, and {bound} may be sent", field, hint)


def _write(text: str) -> Content:
    return Content(text, text, text)


def _get_counter(model: ServedModel, field: str) -> TokenCounter:
    if model.tokens is None:
        message = f"'{model.name}' reads page images: no number of tokens can be set"
        raise ApiError(422, "not_supported", message, field, "leave it out")
    return model.tokens


def _open(value: Value, field: str) -> Form:
    """A form that says one thing; a string that is an image's data URL is that image."""
    form = value if isinstance(value, Form) else Form(text=value)
    if form.text is not None and form.image is None and form.text[:11].lower() == "data:image/":
        form = Form(image=form.text)
    said = [form.text is not None or form.image is not None, form.content is not None, form.page_id is not None]
    if sum(said) != 1:
        hint = 'give "text", "image" or both, or "content", or "page_id"'
        message = "it says two things" if any(said) else "nothing is in it"
        raise ApiError(422, "invalid_request", message, field, hint)
    return form


def decode_image(text: str, pixels: int, field: str) -> tuple[bytes, str]:
    """The bytes and the suffix of an image of at most so many pixels, given as base64 or as a data URL."""
    if text.startswith(("http://", "https://")):
        raise ApiError(422, "url_not_allowed", "the server fetches no images", field, IMAGE_HINT)
    if text[:5].lower() == "data:":
        head, _, text = text.partition(",")
        if not head.lower().endswith(";base64"):
            raise ApiError(422, "bad_image", "the data URL is not base64", field, IMAGE_HINT)
    try:
        data = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise ApiError(422, "bad_image", "the image is not base64", field, IMAGE_HINT) from None
    return data, _check_image(data, pixels, field)


def _check_image(data: bytes, pixels: int, field: str) -> str:
    """The suffix of an image's format, from its head alone."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(data), formats=tuple(IMAGE_FORMATS))
            many = image.width * image.height > pixels
    except Image.DecompressionBombError:
        many = True
    except IMAGE_FAULTS:
        raise ApiError(422, "bad_image", "the image cannot be read", field, IMAGE_HINT) from None
    if many:
        raise ApiError(413, "too_many_pixels", f"an image may have {pixels} pixels", field, "scale it down")
    return IMAGE_FORMATS[str(image.format)]


def open_image(data: bytes, field: str) -> Image.Image:
    """A checked image decoded as RGB, upright."""
    try:
        with Image.open(io.BytesIO(data), formats=tuple(IMAGE_FORMATS)) as image:
            return ImageOps.exif_transpose(image).convert("RGB")
    except IMAGE_FAULTS:
        raise ApiError(422, "bad_image", "the image is damaged", field, "send it again") from None
