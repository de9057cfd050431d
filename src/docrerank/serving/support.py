"""Why a page: the passage that speaks of a question, and each of its words with its best match on the page."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from docrerank.records import Page
from docrerank.reranker import Reranker
from docrerank.retrieval import TokenEncoder, find_snippet, stem, tokens
from docrerank.serving.models import ServedModel
from docrerank.serving.responses import Box, Corners, Passage, Support

#: Of a page; more are not looked at.
MAX_WORDS = 3_000
#: Words encoded together; they are under the encoder's window of 126 tokens.
WINDOW_WORDS = 40
#: A match that is less alike is none.
LEAST_SIMILARITY = 0.45
#: Words that every question has; marking them would mark the whole page.
COMMON = frozenset(
    "a an and are as at be by did do does for from had has have how in is it its many much of on or that the their "
    "there this to was were what when where which who why will with".split()
)


def find_support(page: Page, query: str, model: ServedModel) -> Support:
    """What of a page to mark for a question; for the models' thread."""
    words = page.text.split()[:MAX_WORDS]
    asked = [word for word in dict.fromkeys(query.split()) if _find_stems(word)]
    matches = [
        Box(_surround(page.boxes[at : at + 1]), words[at], word.strip("?!.,;:\"'“”()"), round(float(alike), 3))
        for word, (at, alike) in zip(asked, _match(asked, query, words, model), strict=True)
        if alike >= LEAST_SIMILARITY
    ]
    return Support(page.id, page.text_source, matches, _mark(page, words, find_snippet(query, page.text)))


def _mark(page: Page, words: Sequence[str], snippet: str) -> list[Passage]:
    """The snippet with a box for each of its lines: where a word stands left of the one before, a line begins."""
    wanted = snippet.removesuffix(" …").split()
    length = len(wanted)
    start = next((at for at in range(len(words) - length + 1) if words[at : at + length] == wanted), None)
    if start is None or not wanted:
        return []
    left = page.boxes[start : start + length, 0]
    breaks = [start, *(start + 1 + int(at) for at in np.flatnonzero(np.diff(left) < 0)), start + length]
    return [Passage(snippet, [_surround(page.boxes[low:high]) for low, high in pairwise(breaks)])]


def _match(asked: Sequence[str], query: str, words: list[str], model: ServedModel) -> list[tuple[int, float]]:
    """For each word of the question its best word of the page: the same word if it is there, the likest otherwise."""
    if not words or not asked:
        return [(0, 0.0)] * len(asked)
    stems = [_find_stems(word) for word in words]
    similar = _compare(asked, query, words, model)
    found = []
    for row, word in enumerate(asked):
        same = [at for at, own in enumerate(stems) if own & _find_stems(word)]
        best = max(same or range(len(words)), key=lambda at: similar[row, at])
        found.append((best, 1.0 if same else float(similar[row, best])))
    return found


def _compare(asked: Sequence[str], query: str, words: list[str], model: ServedModel) -> npt.NDArray[np.float32]:
    """Similarities of shape (question's words, page's words) by late interaction; zeros for other models."""
    scorer: Any = model.reranker.scorer if isinstance(model.reranker, Reranker) else None
    if not isinstance(scorer, TokenEncoder):
        return np.zeros((len(asked), len(words)), np.float32)
    chunks = [words[start : start + WINDOW_WORDS] for start in range(0, len(words), WINDOW_WORDS)]
    encoded = scorer.encode([" ".join(chunk) for chunk in chunks], "document")
    page = np.concatenate([_pool(scorer, chunk, one.tokens) for chunk, one in zip(chunks, encoded, strict=True)])
    every = query.split()
    own = _pool(scorer, every, scorer.encode_queries([" ".join(every)])[0].tokens)
    return np.asarray(own[[every.index(word) for word in asked]] @ page.T, np.float32)


def _pool(encoder: TokenEncoder, words: Sequence[str], vectors: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """A unit vector for each word: the mean of its tokens' vectors, zeros for one that has none."""
    from docrerank.retrieval.encoder import SKIPPED

    pooled = np.zeros((len(words), encoder.dimension), np.float32)
    start = 0
    for at, word in enumerate(words):
        count = sum(token not in SKIPPED for token in encoder.model.tokenizer.tokenize(word))
        own = vectors[start : start + count].sum(axis=0) if count else pooled[at]
        pooled[at] = own / max(float(np.linalg.norm(own)), 1e-9)
        start += count
    return pooled


def _find_stems(text: str) -> frozenset[str]:
    return frozenset(stem(word) for word in tokens(text) if word.lower() not in COMMON)


def _surround(boxes: npt.NDArray[np.float32]) -> Corners:
    """The box around some words."""
    low, high = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
    left, top, right, bottom = (round(float(value), 5) for value in (*low, *high))
    return left, top, right, bottom
