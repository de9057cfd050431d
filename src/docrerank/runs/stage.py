"""One stage of a run: its shards, what each was made from, and which are still to do."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, TypeVar

from docrerank.runs.engine import run_shards
from docrerank.runs.parts import Parts
from docrerank.runs.run import Run
from docrerank.runs.store import sync
from docrerank.runs.workers import ShardFailure

Shard = TypeVar("Shard")
Result = TypeVar("Result")

SECONDS_BETWEEN_SAVES = 60.0


class Stage:
    """Does the shards of a stage that are missing or were made from something else, and no others.

    Args:
        run: the stage's run.
        name: the stage's name in `run.json`.
        made_from: each shard's name with the fingerprint of all that its parts depend on.
        parts: one part of each is written for a shard; the last one, written last, says that the shard is done.

    Examples:
        >>> stage = Stage(run, "mine", {"a": "f00d"}, run.mined)  # doctest: +SKIP
        >>> stage.todo()  # doctest: +SKIP
        ['a']
    """

    def __init__(self, run: Run, name: str, made_from: Mapping[str, str], *parts: Parts[Any]) -> None:
        self.run, self.name, self.made_from, self.parts = run, name, made_from, parts
        self._saved = time.monotonic()

    def todo(self) -> list[str]:
        """Names of the shards that are not done."""
        return [name for name, origin in self.made_from.items() if not self.parts[-1].is_done(name, origin)]

    def forget_others(self) -> None:
        """Delete the parts of shards that the stage no longer has."""
        for parts in self.parts:
            parts.keep_only(self.made_from)

    def save(self) -> None:
        """Put up what is done of a run in a store, at most once a minute: a lost machine loses no more."""
        if time.monotonic() - self._saved > SECONDS_BETWEEN_SAVES:
            sync(self.run.path, *(parts.folder for parts in self.parts))
            self._saved = time.monotonic()

    def record(self) -> AbstractContextManager[dict[str, Any]]:
        """Time the stage; what the block puts into the dictionary goes to `run.json` beside seconds and memory."""
        return self.run.manifest.stage(self.name)

    def work(
        self,
        function: Callable[[Shard], Result],
        shards: Sequence[Shard],
        seconds: float,
        pages: Callable[[Shard], float] = lambda shard: 1.0,
    ) -> Iterator[tuple[Shard, Result | ShardFailure]]:
        """Yield every shard with its result or its failure, as `run_shards` does."""
        for each in run_shards(self.run, function, shards, seconds, pages):
            yield each
            self.save()
