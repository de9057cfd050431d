"""From what a request says to what a model takes: pages by id, texts, images decoded or read by OCR."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence

from cachetools import LRUCache

from docrerank.records import Page
from docrerank.serving import images
from docrerank.serving.errors import ApiError
from docrerank.serving.limits import Limits
from docrerank.serving.models import ServedModel
from docrerank.serving.pages import Content, PageContent, Pages, to_content
from docrerank.serving.reading import read_image
from docrerank.serving.requests import Form, Value
from docrerank.serving.workers import Workers

QUERY_CHARACTERS = 4_000
#: Documents of a fused model: BM25 reads all of them at once.
FUSED_DOCUMENTS = 1_000
IMAGE_SECONDS = 60.0


class ContentReader:
    """Reads the documents and queries of requests."""

    def __init__(self, pages: Pages, limits: Limits, workers: Workers) -> None:
        self.pages, self.limits, self.workers = pages, limits, workers
        self._read: LRUCache[str, Page] = LRUCache(512)

    async def read_query(self, query: Value, model: ServedModel, tokens: int | None = None) -> str:
        """A query's words; those of its images, read by OCR, follow its text."""
        form = _open(query, "query")
        texts = [form.all_text() or ""]
        if form.page_id is not None:
            texts.append(self.pages.find(form.page_id, "query.page_id").text[:QUERY_CHARACTERS])
        for name, image in form.images():
            texts.append((await self._ocr(image, f"query.{name}")).text)
        text = " ".join(" ".join(texts).split())
        if not text:
            raise ApiError(422, "empty_query", "the query has no word", "query", "ask something")
        if len(text) > QUERY_CHARACTERS:
            message = f"a query may have {QUERY_CHARACTERS} characters"
            raise ApiError(413, "query_too_long", message, "query", "shorten it")
        return self._cut(text, model, tokens, "max_tokens_per_query")

    async def read_documents(
        self, documents: Sequence[Value], model: ServedModel, tokens: int | None = None, field: str = "documents"
    ) -> list[Content]:
        """Documents as this model takes them."""
        bound = min(self.limits.documents, FUSED_DOCUMENTS) if model.fused else self.limits.documents
        if len(documents) > bound:
            message = f"{len(documents)} documents, and '{model.name}' takes {bound} at once"
            raise ApiError(413, "too_many_documents", message, field, "send them in several requests")
        forms = [_open(document, f"{field}[{at}]") for at, document in enumerate(documents)]
        if sum(len(form.images()) for form in forms) > self.limits.images:
            message = f"a request may have {self.limits.images} images"
            raise ApiError(413, "too_many_images", message, field, "send them in several requests")
        found: list[Content] = []
        for at, form in enumerate(forms):
            if at % 1_000 == 999:
                await asyncio.sleep(0)  # other clients have their turn
            found.append(await self._read_one(form, model, tokens, f"{field}[{at}]"))
        return found

    async def _read_one(self, form: Form, model: ServedModel, tokens: int | None, field: str) -> Content:
        if form.page_id is not None:
            page = self.pages.find(form.page_id, f"{field}.page_id")
            return page if tokens is None else self._cut_page(page.text, model, tokens)
        text = form.all_text()
        if text is not None and len(text) > self.limits.document_characters:
            message = f"a document may have {self.limits.document_characters} characters"
            raise ApiError(413, "document_too_long", message, field, "cut it into pages")
        if model.reads_images:
            return await self._see(form, tokens, model, field)
        if text is not None:  # a text that comes with an image is what is written on it
            return self._cut_page(text, model, tokens)
        pages = [await self._ocr(image, f"{field}.{name}") for name, image in form.images()]
        if len(pages) == 1 and tokens is None:
            return to_content(pages[0])
        return self._cut_page("".join(page.text for page in pages), model, tokens)

    def _cut_page(self, text: str, model: ServedModel, tokens: int | None) -> PageContent:
        text = self._cut(text, model, tokens)
        return PageContent(text, text, text)

    async def _see(self, form: Form, tokens: int | None, model: ServedModel, field: str) -> PageContent:
        """For a model that reads images: one image, with the text that belongs to it."""
        given, text = form.images(), form.all_text() or ""
        if len(given) != 1:
            message = f"'{model.name}' reads page images, and this document has {len(given)}"
            raise ApiError(422, "needs_image", message, field, 'give one image: {"image": ...}')
        self._cut("", model, tokens)
        data = await asyncio.to_thread(images.decode, given[0][1], self.limits, f"{field}.{given[0][0]}")
        opened = await asyncio.to_thread(images.open_whole, data, f"{field}.{given[0][0]}")
        return PageContent(f"{hashlib.sha256(data).hexdigest()} {text}", {"image": opened, "text": text}, text)

    def _cut(self, text: str, model: ServedModel, tokens: int | None, field: str = "max_tokens_per_doc") -> str:
        if tokens is None:
            return text
        if model.tokens is None:
            message = f"'{model.name}' reads page images: no number of tokens can be set"
            raise ApiError(422, "not_supported", message, field, "leave it out")
        return model.tokens.cut(text, tokens)

    async def _ocr(self, image: str, field: str) -> Page:
        """What a picture says; remembered, since reading takes a second."""
        data = await asyncio.to_thread(images.decode, image, self.limits, field)
        key = hashlib.sha256(data).hexdigest()
        if key not in self._read:
            suffix, pixels = images.check(data, self.limits, field), self.limits.image_pixels
            page, reason = await self.workers.run(read_image, data, suffix, pixels, seconds=IMAGE_SECONDS, field=field)
            if page is None:
                raise ApiError(422, "bad_image", reason, field, images.HINT)
            self._read[key] = page
            return page
        return self._read[key]


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
