"""Draws the pages of every step ahead of it, in processes of its own: decoding and resizing never wait in the loop."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import torch
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from docrerank.records import Page, TrainingGroup, UserError
from docrerank.runs import hash_name
from docrerank.vision.backbone import PageTokens
from docrerank.vision.draw_ahead import AHEAD
from docrerank.vision.images import ImageReader, PageInput, open_page
from docrerank.vision.losses import StepLoss
from docrerank.vision.pairs import Pair, count_tokens, cut_pieces, cut_units, group_by_page, list_pairs, share_units

PROMPT_TOKENS = 32
HELD = 4_096


@dataclass(frozen=True, slots=True)
class Piece:
    """What one forward and backward works on.

    Attributes:
        step: from 0.
        number: of this piece in its step, the same whatever the number of processes if there is one piece each.
        last: whether the step ends with it.
        total: what the step's sums are divided by.
        pages: the images as patches, each once; empty if this process has no share of the step.
        queries: token ids behind each page.
        pairs: in the order of the logits, page by page.
        unreadable: pages that were left out, by id, and why.
    """

    step: int
    number: int
    last: bool
    total: float
    pages: tuple[PageTokens, ...]
    queries: tuple[tuple[tuple[int, ...], ...], ...]
    pairs: tuple[Pair, ...]
    unreadable: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Route:
    """The groups of every step, for one process of several.

    Attributes:
        groups: in the order of training.
        size: groups of a step, over all processes.
        steps: in all.
        rank: of this process.
        world: processes.
        budget: tokens of a piece.
        page_text: share of the pages that come with their text in a step.
        seed: draws which do.
    """

    groups: Sequence[TrainingGroup]
    size: int
    steps: int
    rank: int
    world: int
    budget: int
    page_text: float = 0.0
    seed: int = 0

    def batch(self, step: int) -> list[TrainingGroup]:
        """The groups of a step; after the last comes the first again."""
        count = len(self.groups)
        return [self.groups[(step * self.size + place) % count] for place in range(min(self.size, count))]

    def gives_text(self, step: int, page: str) -> bool:
        """Whether a page comes with its text: the same in every process, another draw in every step."""
        if not self.page_text:
            return False
        return int.from_bytes(hash_name(f"{step}\n{page}", self.seed)[:4]) < self.page_text * 2**32


class PieceStream(IterableDataset[Piece]):
    """The pieces from a step on; several workers take turns.

    Args:
        route: what is trained on.
        pages: by id.
        reader: draws pages; holds the prompt.
        loss: decides what stays together and what sums are divided by.
        start: the first step.
        dtype: of the patches; the model's own, so that nothing is handed over that the model would round away.
    """

    def __init__(
        self,
        route: Route,
        pages: Mapping[str, Page],
        reader: ImageReader,
        loss: StepLoss,
        start: int,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        super().__init__()
        self.route, self.pages, self.reader, self.loss, self.start = route, pages, reader, loss, start
        self.dtype = dtype

    def __iter__(self) -> Iterator[Piece]:
        """Yield this worker's pieces."""
        info = get_worker_info()
        number, workers = (info.id, info.num_workers) if info else (0, 1)
        for place, plan in enumerate(self._plan()):
            if place % workers == number:
                yield self._read(*plan)

    def _plan(self) -> Iterator[tuple[int, int, bool, float, list[Pair]]]:
        """Every process has as many pieces in a step as any other, the last of them empty if need be."""
        query = lru_cache(HELD)(lambda text: len(self._ask(text, "")))
        text = lru_cache(HELD)(lambda page: self.reader.prompt.count_page_text(self.pages[page].text))
        for step in range(self.start, self.route.steps):

            def bound(page: str, step: int = step) -> int:
                return self.reader.page_tokens + PROMPT_TOKENS + (text(page) if self._gives_text(step, page) else 0)

            def count(pairs: Sequence[Pair]) -> int:
                return count_tokens(pairs, bound, query)

            pairs = list_pairs(self.route.batch(step))
            shares = share_units(cut_units(pairs, self.loss.whole_groups), self.route.world, count)
            pieces = [cut_pieces(share, count, self.route.budget) for share in shares]
            own, most = pieces[self.route.rank], max(map(len, pieces))
            for number in range(most):
                piece = own[number] if number < len(own) else []
                yield step, number, number == most - 1, self.loss.count(pairs), piece

    def _read(self, step: int, number: int, last: bool, total: float, pairs: Sequence[Pair]) -> Piece:
        drawn: dict[str, PageTokens] = {}
        texts: dict[str, str] = {}
        reasons: dict[str, str] = {}
        for page in group_by_page(pairs):
            try:
                source = open_page(self._give(step, page), self.reader.pixels)
                read = self.reader.read(source)
            except UserError as error:
                reasons[page] = str(error)
                continue
            drawn[page] = replace(read, pixels=read.pixels.to(self.dtype))
            texts[page] = self.reader.prompt.clean_page_text(source.text)
        rows = group_by_page(self._drop(pairs, reasons))
        queries = tuple(tuple(tuple(self._ask(pair.query, texts[page])) for pair in row) for page, row in rows.items())
        kept = tuple(pair for row in rows.values() for pair in row)
        return Piece(step, number, last, total, tuple(drawn[page] for page in rows), queries, kept, reasons)

    def _give(self, step: int, page: str) -> PageInput:
        record = self.pages[page]
        return {"image": record, "text": record.text} if self._gives_text(step, page) else record

    def _gives_text(self, step: int, page: str) -> bool:
        return bool(self.pages[page].text) and self.route.gives_text(step, page)

    def _drop(self, pairs: Sequence[Pair], reasons: Mapping[str, str]) -> list[Pair]:
        """The pairs whose page could be drawn; of whole groups, those that lost none."""
        lost = {pair.group for pair in pairs if pair.page in reasons} if self.loss.whole_groups else set()
        return [pair for pair in pairs if pair.page not in reasons and pair.group not in lost]

    def _ask(self, query: str, page_text: str) -> list[int]:
        return self.reader.prompt.suffix_ids(self.reader.prompt.clean_query(query), page_text)


def load_pieces(stream: PieceStream, workers: int) -> DataLoader[Any]:
    """The pieces in order, drawn by this many processes; see `count_workers`."""
    return DataLoader(stream, batch_size=None, num_workers=workers, prefetch_factor=AHEAD if workers else None)
