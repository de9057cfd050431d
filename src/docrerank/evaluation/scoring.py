"""Scores of every page for every question, with the encodings of a bounded number of pages in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from docrerank.evaluation.benchmark import Corpus, Scope, Scores
from docrerank.evaluation.query_timing import Clock
from docrerank.records import Page
from docrerank.retrieval import (
    ENCODINGS,
    Bm25,
    Encoding,
    NamedPages,
    PageStore,
    TokenEncoder,
    encode_ahead,
    score_tokens,
    score_windows,
)
from docrerank.runs import Run

#: Pages whose encodings are held at once: 0.7 MB each on disk, twice that while they are scored.
CHUNK_PAGES = 64
_SCORERS = {"windows": score_windows, "tokens": score_tokens}


class EncodedCorpus:
    """A corpus as one encoder sees it; the encodings stay on disk, for searches and for the next evaluation.

    Args:
        run: whose engine encodes.
        corpus: its documents are encoded when `fill` is called.
        encoder: turns pages and questions into vectors.
    """

    def __init__(self, run: Run, corpus: Corpus, encoder: TokenEncoder) -> None:
        self.run = run
        self.corpus = corpus
        self.encoder = encoder
        homes = {corpus.home(document) for document in corpus.parts}
        self._stores: dict[Path, PageStore] = {home: PageStore(home / ENCODINGS, encoder) for home in homes}

    def fill(self, progress: Callable[[], None]) -> None:
        """Encode the documents that are new or changed, one at a time."""
        encode_ahead(self.run, self.encoder, {document: self.corpus.home(document) for document in self.corpus.parts})
        for document in self.corpus.parts:
            self._store(document).fill(self.corpus.read(document))
            progress()

    def chunks(self, document: str) -> Iterator[list[Encoding]]:
        """The encodings of a document's pages, in order."""
        pages, store = self.corpus.read(document), self._store(document)
        for start in range(0, len(pages), CHUNK_PAGES):
            yield store.read(pages[start : start + CHUNK_PAGES])

    def read(self, pages: Sequence[Page]) -> list[Encoding]:
        """The encodings of some pages, in the order given."""
        return [self._store(page.document).read([page])[0] for page in pages]

    def _store(self, document: str) -> PageStore:
        return self._stores[self.corpus.home(document)]


def drop_ocr(pages: Iterable[Page]) -> list[Page]:
    """Pages as they are without OCR: what has no text layer is empty."""
    return [page if page.text_source == "layer" else replace(page, text="") for page in pages]


def score_bm25(scopes: Sequence[Scope], pages: Sequence[Page], step: str, clock: Clock) -> list[Scores]:
    """BM25 by an index over the whole corpus, as a search has it; (queries, pages) for each scope."""
    return _score_index(scopes, pages, Bm25([page.text for page in pages]), step, clock)


def score_named(scopes: Sequence[Scope], pages: Sequence[Page], clock: Clock) -> list[Scores]:
    """How surely each question names each page; (queries, pages) for each scope."""
    return _score_index(scopes, pages, NamedPages(pages), "named", clock)


def _score_index(
    scopes: Sequence[Scope], pages: Sequence[Page], index: Bm25 | NamedPages, step: str, clock: Clock
) -> list[Scores]:
    places = {page.id: place for place, page in enumerate(pages)}
    found = []
    for scope in scopes:
        columns = [places[page] for page in scope.page_ids()]
        found.append(np.stack([index.score(query.text)[columns] for query in scope.queries]))
        for query in scope.queries:
            clock.measure(step, query.id, lambda text=query.text: index.score(text))  # type: ignore[misc]
    return found


def score_encoded(
    scopes: Sequence[Scope],
    encoded: EncodedCorpus,
    name: str,
    views: Sequence[str],
    clock: Clock,
    progress: Callable[[], None],
) -> list[list[Scores]]:
    """The views' scores in one pass over the corpus; for each view (queries, pages) of each scope.

    Args:
        name: of the encoder; the clock's steps are `<name> encode` and `<name> <view>`.
        views: of `windows` (the best one) and `tokens` (late interaction).
        progress: called after each document.
    """
    queries = [encode_queries(scope, encoded.encoder, name, clock) for scope in scopes]
    scorers = {view: _SCORERS[view] for view in views}
    found = {view: [scope.new_scores() for scope in scopes] for view in scorers}
    for document in encoded.corpus.parts:
        places = {index: scope.columns(document) for index, scope in enumerate(scopes) if document in scope.pages}
        for start, pages in _number(encoded.chunks(document) if places else ()):
            for index, columns in places.items():
                at = slice(columns.start + start, columns.start + start + len(pages))
                for view, score in scorers.items():
                    found[view][index][:, at] = score(queries[index], pages)
                    _time(scopes[index], queries[index], pages, f"{name} {view}", score, clock)
        progress()
    return list(found.values())


def encode_queries(scope: Scope, encoder: TokenEncoder, name: str, clock: Clock) -> list[Encoding]:
    """The questions of a scope as an encoder sees them; the timed ones are encoded once more, each alone."""
    encoded = encoder.encode_queries([query.text for query in scope.queries])
    for query in scope.queries:
        clock.measure(f"{name} encode", query.id, lambda text=query.text: encoder.encode_queries([text]))  # type: ignore[misc]
    return encoded


def _number(chunks: Iterable[list[Encoding]]) -> Iterator[tuple[int, list[Encoding]]]:
    """Each chunk with the place of its first page."""
    start = 0
    for chunk in chunks:
        yield start, chunk
        start += len(chunk)


def _time(
    scope: Scope,
    queries: Sequence[Encoding],
    pages: Sequence[Encoding],
    step: str,
    score: Callable[[Sequence[Encoding], Sequence[Encoding]], Scores],
    clock: Clock,
) -> None:
    for query, encoded in zip(scope.queries, queries, strict=True):
        clock.measure(step, query.id, lambda one=encoded: score([one], pages))  # type: ignore[misc]
