"""Pages encoded on all machines of a run's engine, and the encoder as its workers load it."""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from docrerank.records import Page, UserError
from docrerank.retrieval.encoder import PageEncoder, Precision
from docrerank.retrieval.page_store import ENCODINGS, SHARD_PAGES, PageStore
from docrerank.runs import Parts, Run, pack, run_shards

#: A bundle of documents may take so long, and so long for each of its pages.
BASE_SECONDS, SECONDS_PER_PAGE = 600.0, 10.0

#: Documents with the folders that hold their pages and their encodings.
Bundle = Sequence[tuple[str, Path]]


@dataclass(frozen=True, slots=True)
class EncoderElsewhere:
    """What a worker process needs to have the encoder that the command has.

    Attributes:
        fingerprint: of the command's encoder.
        precision: that it reads in.
        opener: loads it; importable by name.
    """

    fingerprint: str
    precision: Precision
    opener: Callable[[], PageEncoder] = field(compare=False)

    @classmethod
    def of(cls, encoder: PageEncoder) -> EncoderElsewhere | None:
        """An encoder as it is handed over; None if no other process could load it."""
        return None if encoder.opener is None else cls(encoder.fingerprint, encoder.precision, encoder.opener)

    def open(self) -> PageEncoder:
        """The encoder, loaded once in a process.

        Raises:
            UserError: this machine has other weights.
        """
        return _open(self)


@lru_cache(maxsize=1)
def _open(encoder: EncoderElsewhere) -> PageEncoder:
    opened = encoder.opener()
    opened.precision = encoder.precision
    if opened.fingerprint != encoder.fingerprint:
        raise UserError(f"{platform.node()} loads other weights: install the same docrerank on every machine")
    return opened


def encode_ahead(run: Run, encoder: PageEncoder, homes: Mapping[str, Path]) -> int:
    """Let the workers of the engine `ray` fill the page stores of documents; returns how many pages were encoded.

    `PageStore.fill` then finds nothing left to do, but for documents whose workers failed. With the engine `local` it
    does all, with the threads of the command's own process: processes are no faster, and each would load the encoder.

    Args:
        run: its recipe names the engine.
        encoder: the workers open it anew by its `opener` and read in its precision, one thread each.
        homes: by document the run's folder, or the one beside it, in which its `pages` are.

    Raises:
        UserError: a machine has other weights, or the disk is full.
    """
    if run.recipe.engine == "local" or (sent := EncoderElsewhere.of(encoder)) is None:
        return 0
    todo = [(document, home) for document, home in homes.items() if _lacks(encoder, document, home)]
    bundles = _bundle(todo)
    seconds = BASE_SECONDS + SECONDS_PER_PAGE * max(map(_count, bundles), default=0)
    results = run_shards(run, _Work(sent), bundles, seconds, _count)
    return sum(result for _, result in results if isinstance(result, int))


@dataclass(frozen=True, slots=True)
class _Work:
    """In a worker: encode what is new or changed of a bundle's documents."""

    encoder: EncoderElsewhere

    def __call__(self, bundle: Bundle) -> int:
        encoder = self.encoder.open()
        return sum(_store(encoder, home).fill(_pages(home).read(document)) for document, home in bundle)


def _lacks(encoder: PageEncoder, document: str, home: Path) -> bool:
    return _pages(home).count(document) > 0 and not _store(encoder, home).holds(document, _pages(home).read(document))


def _bundle(documents: Bundle) -> list[Bundle]:
    """Small documents together: a worker process is replaced after a number of shards, and then opens the encoder."""
    sizes = [float(_count([one])) for one in documents]
    return [list(bundle.values()) for bundle in pack(dict(enumerate(documents)), sizes, SHARD_PAGES)]


def _count(bundle: Bundle) -> int:
    return sum(_pages(home).count(document) for document, home in bundle)


def _pages(home: Path) -> Parts[Page]:
    return Parts(home / "pages", Page)


def _store(encoder: PageEncoder, home: Path) -> PageStore:
    return PageStore(home / ENCODINGS, encoder)
