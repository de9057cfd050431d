"""The engine `ray`: shards as a Ray Data pipeline over the cores of this machine or of a cluster.

A row of the pipeline is a work item of about `ITEM_PAGES` pages. The Ray task that does it hands its shards, one after
the other, to a worker process of its own, as the local engine does: so a shard that hangs, crashes or bloats fails
alone and with the same words. Ray itself places the items, and starts those again whose task or node died.
"""

from __future__ import annotations

import functools
import platform
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pebble import ProcessPool

from docrerank.records import UserError
from docrerank.runs.ray_cluster import Site, connect, last_line, open_site
from docrerank.runs.run import Run
from docrerank.runs.store import pull, sync
from docrerank.runs.workers import ShardFailure, map_in, open_pool

Shard = TypeVar("Shard")
Result = TypeVar("Result")

ITEM_PAGES = 500.0
#: Fewer pages an item where there is little work, so that every worker gets at least so many.
ITEMS_PER_WORKER = 4
#: Times that Ray starts an item again whose worker or node died; its shards are then tried one by one.
RETRIES = 3
#: An item reports what it has finished this often.
SECONDS_BETWEEN_TELLING = 1.0


def map_on_ray(
    run: Run,
    function: Callable[[Shard], Result],
    shards: Sequence[Shard],
    sizes: Sequence[float],
    seconds: float,
) -> Iterator[tuple[Shard, Result | ShardFailure]]:
    """As `run_shards`, on Ray.

    Raises:
        MissingExtra: the extra `ray` is not installed.
        UserError: no cluster at the address, or one whose machines lack docrerank or do not see the run folder.
    """
    if not shards:
        return
    workers = connect(run.recipe)
    sync(run.path)  # machines that work for this one fetch what the stage reads
    with open_site(run.path) as site:
        work = _Work(function, seconds, site)
        _probe(work)
        left = dict(enumerate(shards))
        for size in (min(ITEM_PAGES, sum(sizes) / (workers * ITEMS_PER_WORKER)), 0.0):
            items = pack(left, sizes, size)
            for place, result in _stream(work, items, workers):
                if place in left:
                    yield left.pop(place), result
        for shard in left.values():
            detail = f"its worker was killed {2 * (RETRIES + 1)} times: out of memory?"
            yield shard, ShardFailure("crashed its reader", detail)
    pull(run.path)


def pack(shards: Mapping[int, Shard], sizes: Sequence[float], most: float) -> list[dict[int, Shard]]:
    """Neighbours together until they have `most` pages; a larger shard is an item of its own.

    Examples:
        >>> pack({0: "a", 1: "b", 2: "c", 3: "d"}, [900.0, 300.0, 200.0, 100.0], 500.0)
        [{0: 'a'}, {1: 'b', 2: 'c'}, {3: 'd'}]
    """
    items: list[dict[int, Shard]] = []
    filled = 0.0
    for place, shard in shards.items():
        filled += sizes[place]
        if filled > most or not items:
            items.append({})
            filled = sizes[place]
        items[-1][place] = shard
    return items


@dataclass(frozen=True, slots=True)
class _Work(Generic[Shard, Result]):
    """In a Ray task: an item's shards one after the other, what is finished told now and then.

    A fault that ends the run is handed over as a value: of an error Ray Data would only log.
    """

    function: Callable[[Shard], Result]
    seconds: float
    site: Site

    def __call__(self, row: dict[str, Any]) -> Iterator[dict[str, Any]]:
        item: dict[int, Shard] = row["item"]
        try:
            self.enter()
            for told in _tell_now_and_then(self._do(item)):
                self.site.leave()
                yield told
        except UserError as error:
            yield {"finished": [(-1, error)]}
        except Exception as error:
            yield {"finished": [(-1, UserError(f"{platform.node()} failed at its work ({error!r}): see Ray's logs"))]}

    def enter(self) -> None:
        """See that this machine can do the work; errors as `Site.enter`."""
        self.site.enter()

    def _do(self, item: dict[int, Shard]) -> Iterator[tuple[int, Result | ShardFailure]]:
        places = {id(shard): place for place, shard in item.items()}
        try:
            for shard, result in map_in(_own_pool(), self.function, list(item.values()), self.seconds):
                yield places[id(shard)], result
        except BaseException:
            _own_pool().join()  # an error has stopped it
            _own_pool.cache_clear()
            raise


@functools.cache
def _own_pool() -> ProcessPool:
    """The one worker process of a Ray worker, kept from item to item: it has loaded what it needs."""
    return open_pool(1)


def _tell_now_and_then(results: Iterator[tuple[int, Any]]) -> Iterator[dict[str, Any]]:
    finished: list[tuple[int, Any]] = []
    told = time.monotonic()
    for one in results:
        finished.append(one)
        if time.monotonic() - told > SECONDS_BETWEEN_TELLING:
            yield {"finished": finished}
            finished, told = [], time.monotonic()
    yield {"finished": finished}


def _stream(work: _Work[Any, Any], items: list[dict[int, Any]], workers: int) -> Iterator[tuple[int, Any]]:
    """Results as they come. An item that Ray gives up on brings none: others go on."""
    if not items:
        return
    import ray.data

    context = ray.data.DataContext.get_current()
    context.max_errored_blocks = -1
    context.target_max_block_size = 1  # every telling goes to the driver at once
    context.enable_progress_bars = False
    rows = ray.data.from_items([{"item": item} for item in items], override_num_blocks=len(items))
    pool = ray.data.TaskPoolStrategy(size=workers)
    for row in rows.flat_map(work, compute=pool, num_cpus=1, max_retries=RETRIES).iter_rows():
        for place, result in row["finished"]:
            if isinstance(result, UserError):
                raise result
            yield place, result


def _probe(work: _Work[Any, Any]) -> None:
    """Run one task first: a fault that all machines share then ends in one line."""
    import ray

    try:
        ray.get(ray.remote(_Work.enter).options(max_retries=0).remote(work))
    except ray.exceptions.RayError as error:
        cause = getattr(error, "cause", None)
        if isinstance(cause, UserError):
            raise cause from None
        why = last_line(cause or error)
        raise UserError(f"a worker of Ray cannot begin ({why}): install docrerank on every machine") from None
