"""Pages encoded on all machines of a run's engine, before the command's own process asks for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from docrerank.records import Page
from docrerank.retrieval.elsewhere import EncoderElsewhere
from docrerank.retrieval.encoder import TokenEncoder
from docrerank.retrieval.page_store import ENCODINGS, SHARD_PAGES, PageStore
from docrerank.runs import Parts, Run, pack, run_shards

#: A bundle of documents may take so long, and so long for each of its pages.
BASE_SECONDS, SECONDS_PER_PAGE = 600.0, 10.0

#: Documents with the folders that hold their pages and their encodings.
Bundle = Sequence[tuple[str, Path]]


def encode_ahead(run: Run, encoder: TokenEncoder, homes: Mapping[str, Path]) -> int:
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


def _lacks(encoder: TokenEncoder, document: str, home: Path) -> bool:
    return _pages(home).count(document) > 0 and not _store(encoder, home).holds(document, _pages(home).read(document))


def _bundle(documents: Bundle) -> list[Bundle]:
    """Small documents together: a worker process is replaced after a number of shards, and then opens the encoder."""
    sizes = [float(_count([one])) for one in documents]
    return [list(bundle.values()) for bundle in pack(dict(enumerate(documents)), sizes, SHARD_PAGES)]


def _count(bundle: Bundle) -> int:
    return sum(_pages(home).count(document) for document, home in bundle)


def _pages(home: Path) -> Parts[Page]:
    return Parts(home / "pages", Page)


def _store(encoder: TokenEncoder, home: Path) -> PageStore:
    return PageStore(home / ENCODINGS, encoder)
