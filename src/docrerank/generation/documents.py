"""Documents written whole: in worker processes where rules do everything, else in one event loop."""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from docrerank.chat import Budget
from docrerank.generation.clients import RoleClient, model_roles, open_clients, sum_usage
from docrerank.generation.fingerprints import (
    STAGE,
    given_queries,
    written_from,
    written_queries,
    written_rejected,
    written_verdicts,
)
from docrerank.generation.open_roles import Roles, open_roles
from docrerank.generation.page_pipeline import Kept, Written, write_page
from docrerank.pages import DrawingPool
from docrerank.records import Page, Query, Rejected, UserError
from docrerank.runs import Run, ShardFailure, Stage

REQUESTS = "requests.sqlite"
SECONDS_PER_DOCUMENT = 1800.0
#: Pages under way at once, at least and at most: each holds its image until it is done.
MIN_PAGES, MAX_PAGES = 2, 512

Step = Callable[[int], None]


def write_documents(
    stage: Stage, documents: Sequence[str], progress: Callable[[int, int], None], budget: Budget
) -> dict[str, Any]:
    """Write the queries of documents into RUN/written.

    Args:
        stage: of a run whose pages are ingested.
        documents: names of its shards.
        progress: called with (pages done, pages to do).
        budget: what may be spent.

    Returns:
        what every model was asked and billed, by role; empty without models.

    Raises:
        UserError: an endpoint is gone, a key is wrong, the budget is reached; what was paid for is kept.
    """
    run = stage.run
    total, done = sum(run.pages.count(name) for name in documents), 0

    def step(pages: int) -> None:
        nonlocal done
        done += pages
        progress(done, total)

    if not model_roles(run.recipe.generate):
        _write_in_workers(stage, documents, step)
        return {}
    try:
        return asyncio.run(_write_by_models(stage, documents, step, budget))
    except* UserError as several:
        raise _first(several) from None


def _write_in_workers(stage: Stage, documents: Sequence[str], step: Step) -> None:
    """A document may take its worker down, or its time, and nothing else."""
    run = stage.run
    for name, result in stage.work(_Worker(run), documents, SECONDS_PER_DOCUMENT, run.pages.count):
        if isinstance(result, ShardFailure):
            _store(run, name, [Written(rejected=[Rejected(STAGE, name, result.reason, result.detail)])])
        step(run.pages.count(name))


@dataclass(frozen=True, slots=True)
class _Worker:
    """In a worker: write one document by rules, its pages one after the other."""

    run: Run

    def __call__(self, document: str) -> None:
        if written_queries(self.run).is_done(document, written_from(self.run, document)):
            return
        pages = list(self.run.pages.read(document))
        roles = open_roles(pages, self.run.recipe, {}, DrawingPool())
        _store(self.run, document, asyncio.run(write_in_turn(pages, roles, _find_given(self.run, document))))


async def write_in_turn(
    pages: Sequence[Page], roles: Roles, given: Mapping[str, Sequence[Query]] | None = None
) -> list[Written]:
    """Write the pages of a document one after the other: none repeats a query of those before it.

    Args:
        pages: all its pages.
        roles: on it.
        given: an imported set's queries by page id; None if positives are written.
    """
    kept = Kept(roles.recipe.near_duplicate)
    return [await write_page(page, roles, kept, None if given is None else given.get(page.id, ())) for page in pages]


async def _write_by_models(stage: Stage, documents: Sequence[str], step: Step, budget: Budget) -> dict[str, Any]:
    run = stage.run
    async with open_clients(run.recipe.generate, run.path / REQUESTS, budget) as clients:
        with contextlib.closing(DrawingPool(run.recipe.workers)) as pool:
            try:
                await _write_side_by_side(stage, documents, clients, pool, step)
            finally:
                run.manifest.add_usage(sum_usage(clients))
            return sum_usage(clients)


async def _write_side_by_side(
    stage: Stage, documents: Sequence[str], clients: dict[str, RoleClient], pool: DrawingPool, step: Step
) -> None:
    """Begin document after document while there is room for pages; the first error ends all."""
    run = stage.run
    room = asyncio.Semaphore(_count_room(clients))

    async def write(page: Page, roles: Roles, given: Sequence[Query] | None) -> Written:
        try:
            return await write_page(page, roles, Kept(roles.recipe.near_duplicate), given)
        finally:
            room.release()
            step(1)

    async with asyncio.TaskGroup() as group:
        for name in documents:
            pages = list(run.pages.read(name))
            roles, given = open_roles(pages, run.recipe, clients, pool), _find_given(run, name)
            tasks = []
            for page in pages:
                await room.acquire()
                own = None if given is None else given.get(page.id, ())
                tasks.append(group.create_task(write(page, roles, own)))
            group.create_task(_finish(stage, name, tasks))


async def _finish(stage: Stage, document: str, tasks: Sequence[asyncio.Task[Written]]) -> None:
    _store(stage.run, document, [await task for task in tasks])
    await asyncio.to_thread(stage.save)


def _store(run: Run, document: str, pages: Sequence[Written]) -> None:
    """Write a document's parts, the queries' marker last."""
    origin = written_from(run, document, whole=not any(page.passing for page in pages))
    written_rejected(run).write(document, (row for page in pages for row in page.rejected), origin)
    written_verdicts(run).write(document, (row for page in pages for row in page.verdicts), origin)
    written_queries(run).write(document, (row for page in pages for row in page.queries), origin)


def _find_given(run: Run, document: str) -> dict[str, list[Query]] | None:
    """An imported set's queries by page; None if the document was not imported."""
    given = given_queries(run)
    if given.made_from(document) is None:
        return None
    pages: dict[str, list[Query]] = defaultdict(list)
    for query in given.read(document):
        pages[query.page_id].append(query)
    return pages


def _first(group: BaseExceptionGroup[UserError]) -> UserError:
    """The error that ended the others."""
    first = group.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first


def _count_room(clients: dict[str, RoleClient]) -> int:
    most = max((client.role.max_concurrency for client in clients.values()), default=MIN_PAGES)
    return min(MAX_PAGES, max(MIN_PAGES, most))
