"""Generation with chat models: pages side by side in one event loop, documents written whole, paid answers kept."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from docrerank.chat import Budget
from docrerank.generation.desk import Desk, open_desks, sum_usage
from docrerank.generation.origin import (
    STAGE,
    find_bare,
    find_open,
    given_queries,
    is_complete,
    made_from,
    written_from,
    written_queries,
)
from docrerank.generation.page_view import Viewer
from docrerank.generation.page_writer import Material, PageWork, write_page
from docrerank.generation.settle import CorpusIndex, settle_document
from docrerank.queries import NearDuplicates, Rules, find_filing
from docrerank.records import Page, Query, Rejected, UserError, Verdict
from docrerank.runs import Parts, Run

REQUESTS = "requests.sqlite"
#: Pages under way at once, at least and at most: each holds its image until it is done.
MIN_PAGES, MAX_PAGES = 8, 96
#: Ends the marker of a part in which calls went unanswered: the next run asks for those again.
UNFINISHED = "-unfinished"


def write_by_models(run: Run, progress: Callable[[int, int], None], budget: Budget) -> dict[str, Any]:
    """Write the queries of every document that is missing or unfinished, then apply the corpus-wide gates.

    Args:
        run: a run whose pages are ingested.
        progress: called with (pages done, pages to do).
        budget: what may be spent.

    Returns:
        what every model was asked and billed, by role.

    Raises:
        UserError: an endpoint is gone, a key is wrong, the budget is reached; what was paid for is kept.
    """
    todo = find_open(run)
    written_queries(run).keep_only(name for name in run.pages.names() if not is_complete(run, name))
    usage: dict[str, Any] = {}
    if todo:
        try:
            usage = asyncio.run(_Writing(run, todo, progress, budget).run())
        except* UserError as several:
            raise _first(several) from None
    settle(run)
    return usage


@dataclass(frozen=True, slots=True)
class _Writing:
    run_: Run
    documents: Sequence[str]
    progress: Callable[[int, int], None]
    budget: Budget

    async def run(self) -> dict[str, Any]:
        recipe = self.run_.recipe
        async with open_desks(recipe.generate, self.run_.path / REQUESTS, self.budget) as desks:
            with Viewer(recipe.workers) as viewer:
                room = asyncio.Semaphore(_count_room(desks))
                try:
                    await self._write_all(desks, viewer, room)
                finally:
                    self.run_.manifest.add_usage(sum_usage(desks))
                return sum_usage(desks)

    async def _write_all(self, desks: dict[str, Desk], viewer: Viewer, room: asyncio.Semaphore) -> None:
        """Begin document after document while there is room for pages; the first error ends all."""
        total = sum(self.run_.pages.count(name) for name in self.documents)
        done = 0

        def step() -> None:
            nonlocal done
            done += 1
            self.progress(done, total)

        async with asyncio.TaskGroup() as group:
            for name in self.documents:
                pages = list(self.run_.pages.read(name))
                material = self._prepare(name, pages, desks, viewer)
                tasks = []
                for page in pages:
                    await room.acquire()
                    tasks.append(group.create_task(_write_one(page, material, room, step)))
                group.create_task(self._finish(name, tasks))

    def _prepare(self, name: str, pages: list[Page], desks: dict[str, Desk], viewer: Viewer) -> Material:
        recipe, given = self.run_.recipe.generate, given_queries(self.run_)
        rules, filing = Rules(pages, recipe, self.run_.recipe.seed), find_filing(pages)
        subject = ", ".join(part for part in (filing.company or rules.owner, filing.period) if part)
        by_page: dict[str, list[Query]] | None = None
        if given.made_from(name):
            by_page = defaultdict(list)
            for query in given.read(name):
                by_page[query.page_id].append(query)
        strip = " ".join(part for part in (filing.company, filing.period) if part) if recipe.title_strip else ""
        return Material(recipe, desks, rules, viewer, subject, strip, by_page)

    async def _finish(self, name: str, tasks: Sequence[asyncio.Task[PageWork]]) -> None:
        """Write a document's parts once its pages are done, the queries' marker last."""
        works = [await task for task in tasks]
        origin = written_from(self.run_, name) + (UNFINISHED if any(work.passing for work in works) else "")
        rejected, verdicts = written_rejected(self.run_), written_verdicts(self.run_)
        rejected.write(name, (row for work in works for row in work.rejected), origin)
        verdicts.write(name, (row for work in works for row in work.verdicts), origin)
        written_queries(self.run_).write(name, (row for work in works for row in work.queries), origin)


def _first(group: BaseExceptionGroup[UserError]) -> UserError:
    """The error that ended the others."""
    first = group.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first


async def _write_one(page: Page, material: Material, room: asyncio.Semaphore, step: Callable[[], None]) -> PageWork:
    try:
        return await write_page(page, material)
    finally:
        room.release()
        step()


def settle(run: Run) -> None:
    """Apply the corpus-wide gates to what models wrote, and write RUN/queries, verdicts and rejected."""
    names = run.pages.names()
    written = written_queries(run)
    done = [name for name in names if written.made_from(name)]
    for parts in (run.queries, run.verdicts, run.rejected(STAGE)):
        parts.keep_only(names)
    if all(run.queries.is_done(name, made_from(run, name)) for name in done):
        return
    corpus, seen = CorpusIndex(run), NearDuplicates(run.recipe.generate.near_duplicate)
    for name in done:
        kept, rejected = settle_document(written.read(name), seen, corpus, _find_complete(run, name))
        origin, ids = made_from(run, name), {query.id for query in kept}
        run.rejected(STAGE).write(name, (*written_rejected(run).read(name), *rejected), origin)
        run.verdicts.write(name, (row for row in written_verdicts(run).read(name) if row.query_id in ids), origin)
        run.queries.write(name, kept, origin)


def _find_complete(run: Run, document: str) -> set[str]:
    """Ids of the positives that a set brought with hard negatives: they stay whatever else the corpus holds."""
    given = list(given_queries(run).read(document))
    return {query.id for query in given if query.kind == "positive"} - {query.id for query in find_bare(given)}


def written_verdicts(run: Run) -> Parts[Verdict]:
    """The verdicts on what models wrote, before `settle`."""
    return Parts(written_queries(run).folder / "verdicts", Verdict)


def written_rejected(run: Run) -> Parts[Rejected]:
    """What was left out while models wrote, before `settle`."""
    return Parts(written_queries(run).folder / "rejected", Rejected)


def _count_room(desks: dict[str, Desk]) -> int:
    most = max((desk.role.max_concurrency for desk in desks.values()), default=MIN_PAGES)
    return min(MAX_PAGES, max(MIN_PAGES, most))
