"""Cuts pages into windows that fit the encoder: whole lines, a little overlap, and the page's context in front."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

#: Tokens of one page beyond this are left out: a hostile page must not cost more than a long one.
MAX_PAGE_TOKENS = 12_000
MAX_PAGE_CHARACTERS = 100_000


@dataclass(frozen=True, slots=True)
class WindowSettings:
    """How pages are cut; part of a model's contract, kept in its folder.

    Attributes:
        tokens: of a window's own text, at most.
        overlap: tokens of whole lines that a window repeats from the one before, at most.
        context_tokens: of the title and heading put in front of every window, at most; 0 means no context.
    """

    tokens: int = 126
    overlap: int = 30
    context_tokens: int = 24

    @property
    def longest(self) -> int:
        """Tokens of the longest sequence that the encoder sees, its two special tokens included."""
        return self.tokens + self.context_tokens + 2


class WindowCutter:
    """Cuts texts into windows by the tokens of one tokenizer.

    Args:
        tokenizer: a fast tokenizer of transformers; it is copied, so that its truncation and padding do not matter.
        settings: budgets in tokens.
    """

    def __init__(self, tokenizer: Any, settings: WindowSettings) -> None:
        self.settings = settings
        self._tokenizer = type(tokenizer.backend_tokenizer).from_str(tokenizer.backend_tokenizer.to_str())
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()

    def cut(self, texts: Sequence[str], contexts: Sequence[str] = ()) -> list[list[str]]:
        """Cut each text into windows; an empty text has none.

        Args:
            texts: pages, lines ending with a newline.
            contexts: one for each text, or none at all.
        """
        heads = self._shorten(contexts or [""] * len(texts))
        return [self._cut_one(text, head) for text, head in zip(texts, heads, strict=True)]

    def count(self, lines: Sequence[str]) -> list[int]:
        """Tokens of each line, special tokens not counted."""
        encodings = self._tokenizer.encode_batch_fast(list(lines), add_special_tokens=False)
        return [len(encoding) for encoding in encodings]

    def _cut_one(self, text: str, head: str) -> list[str]:
        lines = [" ".join(line.split()) for line in clean_text(text[:MAX_PAGE_CHARACTERS]).splitlines()]
        sized = self._fit([line for line in lines if line])
        groups = group_lines([size for _, size in sized], self.settings.tokens, self.settings.overlap)
        prefix = [head] if head else []
        return ["\n".join(prefix + [line for line, _ in sized[start:end]]) for start, end in groups]

    def _fit(self, lines: list[str]) -> list[tuple[str, int]]:
        """Lines with their sizes; a line longer than a window is broken at words, the page at its limit."""
        fitted: list[tuple[str, int]] = []
        left = MAX_PAGE_TOKENS
        for line, size in zip(lines, self.count(lines), strict=True):
            pieces = [(line, size)] if size <= self.settings.tokens else self._break(line)
            for piece in pieces:
                if piece[1] > left:
                    return fitted
                fitted.append(piece)
                left -= piece[1]
        return fitted

    def _break(self, line: str) -> list[tuple[str, int]]:
        words = line.split()
        sizes = [min(size, self.settings.tokens) for size in self.count(words)]
        groups = group_lines(sizes, self.settings.tokens, 0)
        return [(" ".join(words[start:end]), sum(sizes[start:end])) for start, end in groups]

    def _shorten(self, contexts: Sequence[str]) -> list[str]:
        """Each context cut at the last word that fits."""
        budget, short = self.settings.context_tokens, []
        for context in contexts:
            words = clean_text(context).split()[:budget]
            kept = group_lines(self.count(words), budget, 0)[:1] if words and budget else []
            short.append(" ".join(words[slice(*kept[0])]) if kept else "")
        return short


def clean_text(text: str) -> str:
    """Text that a tokenizer takes: half a surrogate pair, as broken PDFs give it, becomes a question mark."""
    return text.encode("utf-8", "replace").decode("utf-8")


def group_lines(sizes: Sequence[int], budget: int, overlap: int) -> list[tuple[int, int]]:
    """Ranges of lines whose sizes add up to `budget` at most, each beginning within `overlap` before the last's end.

    Every line is in a range; a line larger than the budget is alone in its own.

    Examples:
        >>> group_lines([3, 3, 3, 3], 6, 0), group_lines([3, 3, 3, 3], 6, 3)
        ([(0, 2), (2, 4)], [(0, 2), (1, 3), (2, 4)])
    """
    groups: list[tuple[int, int]] = []
    start = 0
    while start < len(sizes):
        end = _extend(sizes, start, budget)
        groups.append((start, end))
        if end == len(sizes):
            break
        start = _step_back(sizes, start, end, overlap, budget)
    return groups


def _extend(sizes: Sequence[int], start: int, budget: int) -> int:
    end, used = start, 0
    while end < len(sizes) and (end == start or used + sizes[end] <= budget):
        used += sizes[end]
        end += 1
    return end


def _step_back(sizes: Sequence[int], start: int, end: int, overlap: int, budget: int) -> int:
    """Where the next window begins: it repeats lines within the overlap, but always takes in a new line."""
    room = min(overlap, budget - sizes[end])
    begin, used = end, 0
    while begin - 1 > start and used + sizes[begin - 1] <= room:
        begin -= 1
        used += sizes[begin]
    return begin
