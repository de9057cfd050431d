"""What the command line prints: progress on a terminal, plain lines in a log, JSON where a program reads."""

from __future__ import annotations

import contextlib
import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from rich import progress as bars
from rich.console import Console, RenderableType

from docrerank.runs import Progress, watching

#: Results go to standard output, everything else to standard error, so that a pipe holds only results.
notes = Console(stderr=True, highlight=False, soft_wrap=True)
results = Console(highlight=False)

SECONDS_BETWEEN_LINES = 15.0
SECONDS_BEFORE_LOADING = 1.0


class IfTotal(bars.ProgressColumn):
    """Shows one column of a step whose length is known, another of one whose length is not."""

    def __init__(self, known: bars.ProgressColumn, unknown: bars.ProgressColumn) -> None:
        super().__init__()
        self.known, self.unknown = known, unknown

    def render(self, task: bars.Task) -> RenderableType:
        """The column for this task."""
        return (self.unknown if task.total is None else self.known)(task)


@contextlib.contextmanager
def progress(title: str) -> Iterator[Progress]:
    """Give a function of (done, total): a bar with the expected end on a terminal, a line now and then elsewhere.

    Slow steps that name themselves (`docrerank.runs.tell`) are shown too: models that load, pages that are encoded.
    """
    if not notes.is_terminal:
        show = _print_lines(title)
        with watching(lambda what, done, total: show(done, total, what)):
            yield lambda done, total: show(done, total, "")
        return
    columns = (
        bars.TextColumn("{task.description}"),
        IfTotal(bars.BarColumn(), bars.SpinnerColumn()),
        IfTotal(bars.MofNCompleteColumn(), bars.TextColumn("{task.completed:,}")),
        bars.TimeElapsedColumn(),
        IfTotal(bars.TextColumn("left"), bars.TextColumn("")),
        IfTotal(bars.TimeRemainingColumn(elapsed_when_finished=True), bars.TextColumn("")),
    )
    with bars.Progress(*columns, console=notes, transient=True) as bar:
        task, now = bar.add_task(title, total=None), ""

        def update(done: int, total: int, what: str) -> None:
            nonlocal now
            if what != now:  # another speed: the expected end begins anew
                bar.reset(task, total=total or None, description=f"{title}: {what}" if what else title)
                now = what
            bar.update(task, completed=done, total=total or None)

        with watching(lambda what, done, total: update(done, total, what)):
            yield lambda done, total: update(done, total, "")


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


def show_time(seconds: float) -> str:
    """A duration in two digits, as a person says it.

    Examples:
        >>> show_time(3.4), show_time(75), show_time(5_000)
        ('3 s', '1.2 min', '1.4 h')
    """
    if seconds < 60:
        return f"{seconds:.0f} s"
    value, unit = (seconds / 60, "min") if seconds < 3600 else (seconds / 3600, "h")
    return f"{value:.1f} {unit}" if value < 10 else f"{value:,.0f} {unit}"


def show_size(count: float) -> str:
    """Bytes in two digits.

    Examples:
        >>> show_size(26_400_000), show_size(1_540_000_000)
        ('26 MB', '1.5 GB')
    """
    for unit, size in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if count >= size:
            return f"{count / size:.1f} {unit}" if count < 10 * size else f"{count / size:,.0f} {unit}"
    return f"{count / 1e3:.0f} kB"


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return "(" + ", ".join(f"{name} {_short(entry)}" for name, entry in value.items()) + ")"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _print_lines(title: str) -> Callable[[int, int, str], None]:
    last = time.monotonic()

    def show(done: int, total: int, what: str) -> None:
        nonlocal last
        if time.monotonic() - last >= SECONDS_BETWEEN_LINES:
            last = time.monotonic()
            say(": ".join(part for part in (title, what, f"{done} of {total}" if total else "") if part))

    return show
