"""The engine `ray`: shards as a Ray Data pipeline over the cores of this machine or of a cluster.

A row of the pipeline is a work item of about `ITEM_PAGES` pages. The Ray task that does it hands its shards, one after
the other, to a worker process of its own, as the local engine does: so a shard that hangs, crashes or bloats fails
alone and with the same words. Ray itself places the items, and starts those again whose task or node died.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import platform
import socket
import time
import uuid
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Generic, TypeVar

from pebble import ProcessPool

from docrerank.recipe import Recipe, require
from docrerank.records import UserError
from docrerank.runs.atomic import write_text
from docrerank.runs.run import Run
from docrerank.runs.workers import ShardFailure, map_in, open_pool, worker_count

Shard = TypeVar("Shard")
Result = TypeVar("Result")

ITEM_PAGES = 500.0
#: Fewer pages an item where there is little work, so that every worker gets at least so many.
ITEMS_PER_WORKER = 4
#: Times that Ray starts an item again whose worker or node died; its shards are then tried one by one.
RETRIES = 3
SECONDS_TO_ANSWER = 10.0
#: What an item has finished is told this often.
SECONDS_BETWEEN_TELLING = 1.0


def map_on_ray(
    run: Run,
    function: Callable[[Shard], Result],
    shards: Sequence[Shard],
    seconds: float,
    pages: Callable[[Shard], float],
) -> Iterator[tuple[Shard, Result | ShardFailure]]:
    """As `run_shards`, on Ray.

    Raises:
        MissingExtra: the extra `ray` is not installed.
        UserError: no cluster at the address, or one whose machines lack docrerank or do not see the run folder.
    """
    if not shards:
        return
    workers = _connect(run.recipe)
    with _open_site(run.path) as site:
        work = _Work(function, seconds, site)
        _probe(work)
        left = dict(enumerate(shards))
        total = sum(map(pages, shards))
        for size in (min(ITEM_PAGES, total / (workers * ITEMS_PER_WORKER)), 0.0):
            items = pack(left, pages, size)
            for place, result in _stream(work, items, workers):
                if place in left:
                    yield left.pop(place), result
        for shard in left.values():
            detail = f"its worker was killed {2 * (RETRIES + 1)} times: out of memory?"
            yield shard, ShardFailure("crashed its reader", detail)


def pack(shards: Mapping[int, Shard], pages: Callable[[Shard], float], size: float) -> list[dict[int, Shard]]:
    """Neighbours together until they have `size` pages; a larger shard is an item of its own.

    Example:
        >>> pack({0: 900.0, 1: 300.0, 2: 200.0, 3: 100.0}, float, 500.0)
        [{0: 900.0}, {1: 300.0, 2: 200.0}, {3: 100.0}]
    """
    items: list[dict[int, Shard]] = []
    filled = size
    for place, shard in shards.items():
        own = max(1.0, pages(shard))
        filled += own
        if filled > size:
            items.append({})
            filled = own
        items[-1][place] = shard
    return items


@dataclass(frozen=True, slots=True)
class _Site:
    """Where the driver works: machines of a cluster must see the same folder under the same name.

    Attributes:
        folder: the driver's, from which relative paths are read.
        witness: a file in the run folder.
        versions: of Python and docrerank.
    """

    folder: str
    witness: str
    versions: tuple[str, str]

    def enter(self) -> None:
        """On a machine of the cluster.

        Raises:
            UserError: it has other versions, or sees another folder or none.
        """
        if (found := _versions()) != self.versions:
            raise UserError(f"{platform.node()} has {found}, the driver {self.versions}: install the same on both")
        try:
            os.chdir(self.folder)
        except OSError as error:
            raise UserError(f"{platform.node()} has no folder '{self.folder}' ({error.strerror}): {_SHARE}") from None
        if not Path(self.witness).is_file():
            raise UserError(f"{platform.node()} does not see '{Path(self.witness).parent}': {_SHARE}")


_SHARE = "put run, documents and the folder you work in on storage that all machines mount under the same name"


@contextlib.contextmanager
def _open_site(run: Path) -> Iterator[_Site]:
    """A new file in the run folder: only who truly sees this folder sees it."""
    witness = run.resolve() / f".{uuid.uuid4().hex}.tmp"
    write_text(witness, "")
    try:
        yield _Site(str(Path.cwd()), str(witness), _versions())
    finally:
        witness.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class _Work(Generic[Shard, Result]):
    """In a Ray task: an item's shards one after the other, what is finished told now and then.

    A fault that ends the run is handed over as a value: of an error Ray Data would only log.
    """

    function: Callable[[Shard], Result]
    seconds: float
    site: _Site

    def __call__(self, row: dict[str, Any]) -> Iterator[dict[str, Any]]:
        item: dict[int, Shard] = row["item"]
        try:
            self.enter()
            yield from _tell_now_and_then(self._do(item))
        except UserError as error:
            yield {"finished": [(-1, error)]}
        except Exception as error:
            yield {"finished": [(-1, UserError(f"{platform.node()} failed at its work ({error!r}): see Ray's logs"))]}

    def enter(self) -> None:
        """See that this machine can do the work; errors as `_Site.enter`."""
        self.site.enter()

    def _do(self, item: dict[int, Shard]) -> Iterator[tuple[int, Result | ShardFailure]]:
        places = {id(shard): place for place, shard in item.items()}
        try:
            for shard, result in map_in(_own_pool(), self.function, list(item.values()), self.seconds):
                yield places[id(shard)], result
        except BaseException:
            _own_pool.cache_clear()  # an error has stopped it
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


def _connect(recipe: Recipe) -> int:
    """Begin Ray on this machine, or join the cluster at the recipe's address; returns how many workers there will be.

    Raises:
        UserError: nothing answers there.
    """
    ray = require("ray", extra="ray")
    require("ray.data", extra="ray")
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)
    warnings.filterwarnings("ignore", "`ray_remote_args` is deprecated")  # it has no other name for max_retries
    if not ray.is_initialized():
        options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
        if recipe.ray_address:
            _knock(recipe.ray_address)
            options["address"] = recipe.ray_address
        else:
            options |= {"address": "local", "num_cpus": worker_count(recipe.workers), "include_dashboard": False}
        _start(ray, options)
    return recipe.workers or max(1, int(ray.cluster_resources().get("CPU", 1)))


def _start(ray: Any, options: dict[str, Any]) -> None:
    """Twice if need be: on a busy machine Ray's first start may miss the thirty seconds that it allows itself."""
    try:
        ray.init(**options)
    except Exception:  # Ray raises nothing more special
        ray.shutdown()
        try:
            ray.init(**options)
        except Exception as error:
            raise UserError(f"Ray did not start ({_last_line(error)}): give the same command again") from error


def _knock(address: str) -> None:
    """Ray itself would wait for minutes."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=SECONDS_TO_ANSWER).close()
    except (OSError, ValueError) as error:
        raise UserError(f"no Ray at '{address}' ({error}): give the host:port that `ray start --head` names") from None


def _probe(work: _Work[Any, Any]) -> None:
    """One task before all others: a fault that all machines share is told in a line."""
    import ray

    try:
        ray.get(ray.remote(_Work.enter).options(max_retries=0).remote(work))
    except ray.exceptions.RayError as error:
        cause = getattr(error, "cause", None)
        if isinstance(cause, UserError):
            raise cause from None
        why = _last_line(cause or error)
        raise UserError(f"a worker of Ray cannot begin ({why}): install docrerank on every machine") from None


def _last_line(error: BaseException) -> str:
    return str(error).strip().rpartition("\n")[2]


def _versions() -> tuple[str, str]:
    return f"Python {platform.python_version()}", f"docrerank {version('docrerank')}"
