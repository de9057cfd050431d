"""The dev part: the pages and queries of documents that training leaves alone, which measure what it brings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from docrerank.recipe import Train
from docrerank.records import Page, Query
from docrerank.runs import sort_by_hash

#: The document's name of pages that have none.
COLLECTION = ""


class Place(NamedTuple):
    """Where a page stands: its id, its document, the file that it comes from."""

    id: str
    document: str
    source: str


@dataclass(frozen=True, slots=True)
class DevPart:
    """Pages and queries of the dev part.

    Attributes:
        pages: whole documents as far as possible.
        queries: positives and rephrasings of these pages.
        negatives: their hard negatives.
        repeats: pages of the run that repeat another, with the first that they repeat: no query's page is measured
            against its copies.
    """

    pages: tuple[Page, ...]
    queries: tuple[Query, ...]
    negatives: tuple[Query, ...]
    repeats: Mapping[str, str] = field(default_factory=dict)

    def are_copies(self, page: str, other: str) -> bool:
        """Whether two pages, by id, are one page or repeat each other."""
        return self.repeats.get(page, page) == self.repeats.get(other, other)


def draw_pages(places: Iterable[Place], count: int, seed: int) -> dict[str, str]:
    """Choose the pages that are measured: documents in a drawn order up to `count` pages.

    Pages that are files of their own under one name, as an imported set has them, are no document: they are drawn over
    the whole set, page by page, and measured among each other.

    Returns:
        their ids in order, each with the document among whose pages it is measured.
    """
    listed = list(places)
    files: dict[str, set[str]] = {}
    for place in listed:
        files.setdefault(place.document, set()).add(place.source)
    units: dict[str, dict[str, str]] = {}
    for place in listed:
        alone = len(files[place.document]) > 1
        name, document = (place.id, COLLECTION) if alone else (place.document, place.document)
        units.setdefault(name, {})[place.id] = document
    ordered = (item for name in sort_by_hash(list(units), seed) for item in units[name].items())
    return dict(islice(ordered, count))


def choose_dev(
    pages: Sequence[Page], queries: Iterable[Query], settings: Train, seed: int, repeats: Mapping[str, str]
) -> DevPart:
    """Draw `dev_queries` of the positives and rephrasings of pages, and take their hard negatives.

    Args:
        pages: as `draw_pages` has chosen them, with its documents.
        queries: theirs; others do not count.
        settings: the recipe's section.
        seed: of the draw.
        repeats: see `DevPart`.
    """
    ids = {page.id for page in pages}
    kept = {query.id: query for query in queries if query.page_id in ids}
    asked = [query.id for query in kept.values() if query.kind != "hard_negative"]
    drawn = [kept[key] for key in sort_by_hash(asked, seed)[: settings.dev_queries]]
    sources = {query.id for query in drawn}
    negatives = tuple(query for query in kept.values() if query.kind == "hard_negative" and query.source_id in sources)
    return DevPart(tuple(pages), tuple(drawn), negatives, repeats)
