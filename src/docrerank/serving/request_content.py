"""From what a request says to what a model takes: pages by id, texts, images decoded or read by OCR."""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Sequence

from docrerank.records import Page
from docrerank.serving import images
from docrerank.serving.errors import ApiError
from docrerank.serving.fetching import Fetcher
from docrerank.serving.forms import Form, Parts, take_apart
from docrerank.serving.limits import Limits
from docrerank.serving.models import ServedModel
from docrerank.serving.pages import Content, PageContent, Pages, to_content
from docrerank.serving.reading import read_image
from docrerank.serving.workers import Workers

#: Images whose text is remembered after OCR.
REMEMBERED = 512


class ContentReader:
    """Reads the documents and queries of requests.

    Args:
        pages: loaded and uploaded pages; looked at for every request.
        limits: for each request.
        workers: where images are read.
        fetcher: of images named by URL.
    """

    def __init__(self, pages: Pages, limits: Limits, workers: Workers, fetcher: Fetcher) -> None:
        self.pages, self.limits, self.workers, self.fetcher = pages, limits, workers, fetcher
        self._read: OrderedDict[str, Page] = OrderedDict()

    async def read_query(self, query: Form, model: ServedModel, tokens: int | None = None) -> str:
        """A query's words; those of its images, read by OCR, follow its text.

        Raises:
            ApiError: it is empty, too long, or an image of it cannot be read.
        """
        parts = take_apart(query)
        texts = [parts.text or ""]
        if parts.page_id:
            texts.append(self._find(parts.page_id, "query.page_id").text[: self.limits.query_characters])
        for field, image in parts.images:
            page = await self._ocr(await self._fetch(image, f"query.{field}"), f"query.{field}")
            texts.append(page.text)
        text = " ".join(" ".join(texts).split())
        if not text:
            raise ApiError(422, "empty_query", "the query has no word", "query", "ask something")
        if len(text) > self.limits.query_characters:
            message = f"a query may have {self.limits.query_characters} characters"
            raise ApiError(413, "query_too_long", message, "query", "shorten it")
        return self._cut(text, model, tokens, "max_tokens_per_query")

    async def read_documents(
        self, documents: Sequence[Form], model: ServedModel, tokens: int | None = None, field: str = "documents"
    ) -> list[Content]:
        """Documents as this model takes them.

        Raises:
            ApiError: there are too many, or one of them cannot be read; it names which.
        """
        bound = self.limits.fused_documents if model.fused else self.limits.documents
        if len(documents) > bound:
            message = f"{len(documents)} documents, and '{model.name}' takes {bound} at once"
            raise ApiError(413, "too_many_documents", message, field, "send them in several requests")
        parts = [take_apart(document) for document in documents]
        if sum(len(one.images) for one in parts) > self.limits.images:
            message = f"a request may have {self.limits.images} images"
            raise ApiError(413, "too_many_images", message, field, "send them in several requests")
        return [await self._read_one(one, model, tokens, f"{field}[{place}]") for place, one in enumerate(parts)]

    async def _read_one(self, parts: Parts, model: ServedModel, tokens: int | None, field: str) -> Content:
        if parts.page_id:
            return self._shorten(self._find(parts.page_id, f"{field}.page_id"), model, tokens)
        if parts.text is not None and len(parts.text) > self.limits.document_characters:
            message = f"a document may have {self.limits.document_characters} characters"
            raise ApiError(413, "document_too_long", message, field, "cut it into pages")
        if model.reads_images:
            return await self._see(parts, tokens, model, field)
        if parts.text is not None:  # a text that comes with an image is what is written on it
            text = self._cut(parts.text, model, tokens)
            return PageContent(text, text, text)
        pages = [
            await self._ocr(await self._fetch(image, f"{field}.{name}"), f"{field}.{name}")
            for name, image in parts.images
        ]
        if len(pages) == 1:
            return self._shorten(to_content(pages[0]), model, tokens)
        text = self._cut("".join(page.text for page in pages), model, tokens)
        return PageContent(text, text, text)

    def _shorten(self, page: Content, model: ServedModel, tokens: int | None) -> Content:
        if tokens is None:
            return page
        text = self._cut(page.text, model, tokens)
        return PageContent(text, text, text)

    async def _see(self, parts: Parts, tokens: int | None, model: ServedModel, field: str) -> PageContent:
        """For a model that reads images: one image, with the text that belongs to it."""
        if len(parts.images) != 1:
            message = f"'{model.name}' reads page images, and this document has {len(parts.images)}"
            raise ApiError(422, "needs_image", message, field, 'give one image: {"image": ...}')
        self._cut("", model, tokens)
        name, image = parts.images[0]
        data = await self._fetch(image, f"{field}.{name}")
        opened = await asyncio.to_thread(images.open_whole, data, f"{field}.{name}")
        key = f"{hashlib.sha256(data).hexdigest()} {parts.text or ''}"
        return PageContent(key, {"image": opened, "text": parts.text or ""}, parts.text or "")

    def _cut(self, text: str, model: ServedModel, tokens: int | None, field: str = "max_tokens_per_doc") -> str:
        if tokens is None:
            return text
        if model.tokens is None:
            message = f"'{model.name}' reads page images: no number of tokens can be set"
            raise ApiError(422, "not_supported", message, field, "leave it out")
        return model.tokens.cut(text, tokens)

    def _find(self, page_id: str, field: str) -> Content:
        page = self.pages.find(page_id)
        if page is None:
            raise ApiError(404, "unknown_page", "no page of this id is loaded", field, "see /v1/documents")
        return page

    async def _fetch(self, image: str, field: str) -> bytes:
        if image.startswith(("http://", "https://")):
            data = await asyncio.to_thread(self.fetcher.fetch, image, field)
            images.check(data, self.limits, field)
            return data
        return images.decode(image, self.limits, field)

    async def _ocr(self, data: bytes, field: str) -> Page:
        """What a picture says; remembered, since reading takes a second."""
        key = hashlib.sha256(data).hexdigest()
        if key not in self._read:
            suffix = images.check(data, self.limits, field)
            pixels = self.limits.image_pixels
            page, reason = await self.workers.run(
                read_image, data, suffix, pixels, seconds=self.limits.image_seconds, field=field
            )
            if page is None:
                raise ApiError(422, "bad_image", reason, field, images.HINT)
            self._read[key] = page
            while len(self._read) > REMEMBERED:
                self._read.popitem(last=False)
        return self._read[key]
