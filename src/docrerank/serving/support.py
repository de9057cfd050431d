"""Why a page: the sentence that speaks of a question, and each of its words with its best match on the page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from docrerank.records import Page
from docrerank.reranker import Reranker
from docrerank.retrieval import TokenEncoder, stem, tokens
from docrerank.serving.models import ServedModel
from docrerank.serving.responses import Box, Corners, Passage, Support

#: Of a page; more are not looked at.
MAX_WORDS = 3_000
#: Words encoded together; they are under the encoder's window of 126 tokens.
WINDOW_WORDS = 40
#: A match that is less alike is none.
LEAST_SIMILARITY = 0.45
#: A line of fewer words is a heading or a table's row, and does not go on in the next.
PROSE_WORDS = 7
#: Sentences that are marked.
MARKED = 2
#: Of a page's height, where headers and footers are.
MARGIN = 0.06
#: Words that every question has; marking them would mark the whole page.
COMMON = frozenset(
    "a an and are as at be by did do does for from had has have how in is it its many much of on or that the their "
    "this to was were what when where which who why will with".split()
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
    passages = sorted(_rank_passages(query, page, words)[:MARKED])
    return Support(page.id, page.text_source, matches, [_mark(page, words, *passage) for passage in passages])


def _mark(page: Page, words: list[str], start: int, end: int) -> Passage:
    """A passage with a box for each of its lines: where a word stands left of the one before, a line begins."""
    left = page.boxes[start:end, 0]
    breaks = [start, *(start + 1 + int(at) for at in np.flatnonzero(np.diff(left) < 0)), end]
    boxes = [_surround(page.boxes[low:high]) for low, high in pairwise(breaks)]
    return Passage(" ".join(words[start:end]), boxes)


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


def _rank_passages(query: str, page: Page, words: list[str]) -> list[tuple[int, int]]:
    """Passages that share a word with a question, rarer words counting more; headers and footers come last."""
    wanted = _find_stems(query)
    passages = [(start, end, wanted & _find_stems(" ".join(words[start:end]))) for start, end in cut_passages(page)]
    spread = Counter(found for _, _, own in passages for found in own)

    def weigh(start: int, end: int, own: frozenset[str]) -> float:
        low, high = page.boxes[start:end, 3].max(), page.boxes[start:end, 1].min()
        return sum(1 / spread[one] for one in own) * (0.1 if low < MARGIN or high > 1 - MARGIN else 1.0)

    scored = sorted(((weigh(*one), *one[:2]) for one in passages), key=lambda one: -one[0])
    return [(start, end) for score, start, end in scored if score > 0] or [(0, end) for _, _, end in scored[:1]]


def cut_passages(page: Page) -> list[tuple[int, int]]:
    """Ranges of the page's words: sentences that may go over several lines, and rows and headings of one line."""
    found: list[tuple[int, int]] = []
    start = at = 0
    for line in page.text.splitlines():
        words = line.split()
        if at > start and words and _is_apart(page.boxes[at - 1], page.boxes[at]):
            found.append((start, at))
            start = at
        for word, following in zip(words, [*words[1:], ""], strict=True):
            at += 1
            if word.endswith((".", "!", "?")) and len(word) > 2 and following[:1].isupper():
                found.append((start, at))
                start = at
        if at > start and (len(words) < PROSE_WORDS or line.rstrip().endswith((".", "!", "?", ":"))):
            found.append((start, at))
            start = at
        if at >= MAX_WORDS:
            break
    return [*found, (start, at)] if at > start else found


def _is_apart(before: npt.NDArray[np.float32], after: npt.NDArray[np.float32]) -> bool:
    """Whether a word is not on the line that follows another's."""
    height = float(before[3] - before[1])
    return not -0.5 * height <= float(after[1] - before[3]) <= 2.2 * height


def _find_stems(text: str) -> frozenset[str]:
    return frozenset(stem(word) for word in tokens(text) if word.lower() not in COMMON)


def _surround(boxes: npt.NDArray[np.float32]) -> Corners:
    """The box around some words."""
    low, high = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
    left, top, right, bottom = (round(float(value), 5) for value in (*low, *high))
    return left, top, right, bottom
