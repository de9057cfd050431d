"""From what a request says to what a model takes: queries, texts, pages by id, images.

An image is looked at before it is decoded.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import io
import re
import warnings
from collections.abc import Sequence
from itertools import islice

from PIL import Image, ImageOps

from docrerank.serving.errors import ApiError
from docrerank.serving.models import ServedModel
from docrerank.serving.pages import Content, Pages
from docrerank.serving.requests import Form, Value
from docrerank.serving.settings import Limits

QUERY_CHARACTERS = 4_000
#: Documents of a fused model: BM25 reads all of them at once.
FUSED_DOCUMENTS = 1_000
#: Pages that a request may name by their ids: all are read before the first is scored.
NAMED_PAGES = 1_000
IMAGE_FORMATS = ("PNG", "JPEG", "WEBP")
IMAGE_HINT = "send PNG, JPEG or WebP as base64 or as a data URL"
IMAGE_FAULTS = (OSError, ValueError, SyntaxError, EOFError, MemoryError, Image.DecompressionBombError)
#: Documents after which other clients have their turn.
TURN = 1_000


def cut_query(query: str, model: ServedModel, tokens: int | None = None) -> str:
    """A query's words, at most so many tokens of them."""
    text = " ".join(query.split())
    if not text:
        raise ApiError(422, "empty_query", "the query has no word", "query", "ask something")
    _check_size("query_too_long", len(text), QUERY_CHARACTERS, "characters of a query", "query", "shorten it")
    return text if tokens is None else _cut(text, tokens, model, "max_tokens_per_query")


class ContentReader:
    """Reads the documents of requests."""

    def __init__(self, pages: Pages, limits: Limits) -> None:
        self.pages, self.limits = pages, limits

    async def read_documents(
        self, documents: Sequence[Value], model: ServedModel, tokens: int | None = None
    ) -> list[Content]:
        """The documents in their order; `tokens` cuts each text."""
        bound = min(FUSED_DOCUMENTS, self.limits.documents) if model.fused else self.limits.documents
        _check_size("too_many_documents", len(documents), bound, "documents", "documents")
        forms = [_open(document, f"documents[{at}]") for at, document in enumerate(documents)]
        images = sum(len(form.images()) for form in forms)
        _check_size("too_many_images", images, self.limits.images, "images", "documents")
        named = [
            (form.page_id, f"documents[{at}].page_id") for at, form in enumerate(forms) if form.page_id is not None
        ]
        _check_size("too_many_documents", len(named), NAMED_PAGES, "pages named by their ids", "documents")
        pages = iter(await asyncio.to_thread(self.pages.read, named) if named else ())
        found: list[Content] = []
        for at, form in enumerate(forms):
            if at % TURN == TURN - 1:
                await asyncio.sleep(0)
            named_page = form.page_id is not None
            found.append(next(pages) if named_page else await self._read_one(form, model, f"documents[{at}]"))
        if tokens is None:
            return found
        cut = "max_tokens_per_doc"
        return await asyncio.to_thread(lambda: [Content.write(_cut(one.text, tokens, model, cut)) for one in found])

    async def _read_one(self, form: Form, model: ServedModel, field: str) -> Content:
        text = form.all_text()
        most = self.limits.document_characters
        _check_size("document_too_long", len(text or ""), most, "characters of a document", field)
        if model.kind == "vision":
            return await self._see(form, model, field)
        if text is None:
            hint = "give its text beside the image, or upload it to /v1/documents, where OCR reads it"
            raise ApiError(422, "needs_text", f"'{model.name}' reads text, and this document has none", field, hint)
        return Content.write(text)  # a text that comes with an image is what is written on it

    async def _see(self, form: Form, model: ServedModel, field: str) -> Content:
        """For a model that reads images: one image, with the text that belongs to it."""
        given, text = form.images(), form.all_text() or ""
        if len(given) != 1:
            message = f"'{model.name}' reads page images, and this document has {len(given)}"
            raise ApiError(422, "needs_image", message, field, 'give one image: {"image": ...}')
        name, image = given[0]
        data, opened = await asyncio.to_thread(open_image, image, self.limits.image_pixels, f"{field}.{name}")
        return Content(f"{hashlib.sha256(data).hexdigest()} {text}", {"image": opened, "text": text}, text)


def clean(text: str) -> str:
    """A PDF's text may have lone surrogates, which no tokenizer takes."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _cut(text: str, tokens: int, model: ServedModel, field: str) -> str:
    """The beginning of a text: whole words of at most so many tokens."""
    if model.cutter is None:
        message = f"'{model.name}' reads page images: no number of tokens can be set"
        raise ApiError(422, "not_supported", message, field, "leave it out")
    words = list(islice(re.finditer(r"\S+", text), tokens + 1))
    used, end = 0, 0
    for word, size in zip(words, model.cutter.count([clean(word[0]) for word in words]), strict=True):
        used += size
        if used > tokens:
            break
        end = word.end()
    return text[:end]


def _check_size(
    code: str, size: int, bound: int, of_what: str, field: str, hint: str = "send them in several requests"
) -> None:
    if size > bound:
        raise ApiError(413, code, f"{size} {of_what}, and {bound} may be sent", field, hint)


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


def open_image(text: str, pixels: int, field: str) -> tuple[bytes, Image.Image]:
    """An image of at most so many pixels from base64 or a data URL: its bytes, and itself as RGB, upright."""
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
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=IMAGE_FORMATS) as image:
                if image.width * image.height <= pixels:
                    return data, ImageOps.exif_transpose(image).convert("RGB")
    except Image.DecompressionBombError:
        pass
    except IMAGE_FAULTS:
        raise ApiError(422, "bad_image", "the image cannot be read", field, IMAGE_HINT) from None
    raise ApiError(413, "too_many_pixels", f"an image may have {pixels} pixels", field, "scale it down")
