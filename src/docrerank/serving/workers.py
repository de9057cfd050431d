"""Worker processes for what strangers send: a file that hangs or crashes its reader costs that worker alone."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import resource
from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from pebble import ProcessExpired, ProcessPool

from docrerank.serving.errors import ApiError

Result = TypeVar("Result")

#: Address space of a worker: far above what a page needs, far below what a bomb wants.
MEMORY_BYTES = 6_000_000_000
#: A worker is replaced after this many tasks.
TASKS_PER_WORKER = 500


class Workers:
    """A pool of processes that are killed when a task takes too long."""

    def __init__(self, count: int = 1, waiting: int = 64) -> None:
        self._count = count
        self._pool = self._open()
        self._free = waiting

    async def run(self, function: Callable[..., Result], *args: Any, seconds: float, field: str = "") -> Result:
        """The function's result; it must be importable by name, and is stopped at the time limit."""
        if self._free <= 0:
            raise ApiError(429, "busy", "too many files wait to be read", field, "try again later", retry_after=5)
        self._free -= 1
        if not self._pool.active:  # its workers could not be started: perhaps memory was short
            self._pool = self._open()
        try:
            return await asyncio.wrap_future(self._pool.schedule(function, args=list(args), timeout=seconds))
        except TimeoutError:
            raise ApiError(422, "too_slow", f"reading took longer than {seconds:g} s", field, "send less") from None
        except (ProcessExpired, MemoryError):
            raise ApiError(422, "unreadable", "its reader crashed", field, "send another file") from None
        except BrokenProcessPool:
            raise ApiError(503, "no_reader", "no reader could be started", field, retry_after=5) from None
        finally:
            self._free += 1

    def _open(self) -> ProcessPool:
        context = multiprocessing.get_context("spawn")
        return ProcessPool(self._count, TASKS_PER_WORKER, context=context, initializer=_start_worker)

    def close(self) -> None:
        """Stop everything under way."""
        self._pool.stop()  # type: ignore[no-untyped-call]
        self._pool.join()


def _start_worker() -> None:
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(5)
