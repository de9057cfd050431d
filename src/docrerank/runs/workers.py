"""Runs a function over shards in worker processes, so that no shard can hang, crash or bloat the run."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import resource
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import TypeVar

from pebble import ProcessExpired, ProcessPool

from docrerank.records import UserError, one_line

Shard = TypeVar("Shard")
Result = TypeVar("Result")

#: A worker is replaced after this many shards, so that what a library leaks stays small.
SHARDS_PER_WORKER = 64
#: Of Linux: the signal that a process is sent when the thread that started it ends.
PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class ShardFailure:
    """A shard whose worker died, ran out of time or raised; `reason` is a fixed phrase."""

    reason: str
    detail: str


def map_shards(
    function: Callable[[Shard], Result], shards: Sequence[Shard], workers: int = 0, seconds: float = 3600.0
) -> Iterator[tuple[Shard, Result | ShardFailure]]:
    """Yield every shard with its result or its failure, as they finish.

    Args:
        function: importable by name (workers are fresh processes); it should write its own part.
        shards: the work.
        workers: processes; 0 means one per core.
        seconds: a shard still running after this is killed and reported as failed.

    Errors that the user must fix (`UserError`, such as a full disk) stop the map; other failures are the shard's own.
    """
    with open_pool(min(worker_count(workers), max(1, len(shards)))) as pool:
        yield from map_in(pool, function, shards, seconds)


def open_pool(workers: int, tasks: int = SHARDS_PER_WORKER, memory_bytes: int = 0) -> ProcessPool:
    """Open a pool of fresh processes (nothing is forked) that end with this one.

    Args:
        workers: processes.
        tasks: after which a worker is replaced; 0 for never.
        memory_bytes: address space of each, for work on what strangers send: it then also gives way to other work and
            leaves no core dump; 0 for no limit.
    """
    context, arguments = multiprocessing.get_context("spawn"), [os.getpid(), memory_bytes]
    return ProcessPool(workers, tasks, context=context, initializer=_start_worker, initargs=arguments)


def map_in(
    pool: ProcessPool, function: Callable[[Shard], Result], shards: Sequence[Shard], seconds: float
) -> Iterator[tuple[Shard, Result | ShardFailure]]:
    """As `map_shards`, in a pool that is there already; an error or an early end stops the pool."""
    futures: dict[Future[Result], Shard] = {}
    for shard in shards:
        futures[pool.schedule(function, args=[shard], timeout=seconds)] = shard
    try:
        for future in as_completed(futures):
            yield futures[future], _result(future.result)
    except BaseException:
        pool.stop()  # type: ignore[no-untyped-call]
        raise


def worker_count(workers: int) -> int:
    """How many processes `workers` means on this machine: the cores this process may use, if 0."""
    return workers or len(os.sched_getaffinity(0))


def _start_worker(parent: int, memory_bytes: int) -> None:
    """One core per worker: the parallelism is across shards. A worker ends with the process that it works for.

    One that outlived a killed run could write a part while the next run, under another recipe, writes the same one.
    """
    end_with_parent(parent)
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OPENCV_FOR_THREADS_NUM"):
        os.environ[name] = "1"
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "32")  # as the command line's own process
    if memory_bytes:
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        os.nice(5)


def end_with_parent(parent: int) -> None:
    """Have the system kill this process when the one that started it ends, however it ends (Linux).

    Args:
        parent: its process id; if it has ended already, this process ends here.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def _result(get: Callable[[], Result]) -> Result | ShardFailure:
    try:
        return get()
    except UserError:
        raise
    except BrokenProcessPool as error:
        hint = 'in a script of your own, call docrerank under `if __name__ == "__main__":`'
        raise UserError(f"worker processes end as soon as they start ({error}): {hint}") from error
    except TimeoutError:
        return ShardFailure("took too long", "its worker was stopped at the time limit")
    except ProcessExpired as error:
        return ShardFailure("crashed its reader", f"the worker process ended with code {error.exitcode}")
    except MemoryError:
        return ShardFailure("ran out of memory", "the worker could not allocate what it asked for")
    except Exception as error:
        return ShardFailure("failed", f"{type(error).__name__}: {one_line(error, 300)}")
