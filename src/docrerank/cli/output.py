"""What the command line prints: progress on a terminal, plain lines in a log, JSON where a program reads."""

from __future__ import annotations

import contextlib
import json
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

from rich import progress as bars
from rich.console import Console

from docrerank.runs import Progress

#: Results go to standard output, everything else to standard error, so that a pipe holds only results.
notes = Console(stderr=True, highlight=False, soft_wrap=True)
results = Console(highlight=False)

SECONDS_BETWEEN_LINES = 15.0
SECONDS_BEFORE_LOADING = 1.0


@contextlib.contextmanager
def progress(title: str) -> Iterator[Progress]:
    """Give a function of (done, total): a bar on a terminal, a line now and then elsewhere."""
    if not notes.is_terminal:
        yield _line_printer(title)
        return
    columns = (
        bars.TextColumn("{task.description}"),
        bars.BarColumn(),
        bars.MofNCompleteColumn(),
        bars.TimeElapsedColumn(),
    )
    with bars.Progress(*columns, console=notes, transient=True) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextlib.contextmanager
def loading(what: str) -> Iterator[None]:
    """Say what is being loaded if that takes more than a second."""
    if notes.is_terminal:
        with notes.status(f"loading {what}"):
            yield
        return
    timer = threading.Timer(SECONDS_BEFORE_LOADING, say, [f"loading {what} ..."])
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def say(text: str) -> None:
    """Tell the person something that is not a result."""
    notes.print(text, markup=False)


def print_json(value: Any) -> None:
    """Print a result for a program."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def describe(counts: dict[str, Any]) -> str:
    """A stage's counts on one line."""
    return ", ".join(
        f"{name.replace('_', ' ')} {_short(value)}" for name, value in counts.items() if value not in ({}, [])
    )


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return "(" + ", ".join(f"{name} {_short(entry)}" for name, entry in value.items()) + ")"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _line_printer(title: str) -> Progress:
    last = time.monotonic()

    def show(done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last >= SECONDS_BETWEEN_LINES:
            last = time.monotonic()
            say(f"{title}: {done} of {total}")

    return show
