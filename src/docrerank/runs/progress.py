"""How work says where it is, and how slow steps inside it name themselves."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextvars import ContextVar

#: Called with (steps done, steps in all).
Progress = Callable[[int, int], None]
#: Called with what is being done, and steps as `Progress`; no steps in all where they are not known.
Watcher = Callable[[str, int, int], None]

_watcher: ContextVar[Watcher | None] = ContextVar("watcher", default=None)


@contextlib.contextmanager
def watching(watcher: Watcher) -> Iterator[None]:
    """Have a watcher told of slow steps (models that load, pages that are encoded) while the block runs."""
    token = _watcher.set(watcher)
    try:
        yield
    finally:
        _watcher.reset(token)


def tell(what: str, done: int = 0, total: int = 0) -> None:
    """Name a slow step of the present work, such as "encoding pages", to whoever watches.

    Examples:
        >>> with watching(lambda what, done, total: print(what, done, total)):
        ...     tell("encoding pages", 3, 10)
        encoding pages 3 10
    """
    if (watcher := _watcher.get()) is not None:
        watcher(what, done, total)
