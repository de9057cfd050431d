"""Where a run's shards are worked on: in processes of this machine, or as a Ray Data pipeline on many."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from docrerank.runs.run import Run
from docrerank.runs.workers import ShardFailure, map_shards

Shard = TypeVar("Shard")
Result = TypeVar("Result")


def run_shards(
    run: Run,
    function: Callable[[Shard], Result],
    shards: Sequence[Shard],
    seconds: float,
    pages: Callable[[Shard], float] = lambda shard: 1.0,
) -> Iterator[tuple[Shard, Result | ShardFailure]]:
    """Yield every shard with its result or its failure, as they finish, on the engine of the run's recipe.

    Args:
        run: whose recipe names the engine.
        function: importable by name; it writes its own part, and does nothing for a shard whose part is done.
        shards: the work.
        seconds: a shard still running after this is killed and reported as failed.
        pages: about how many pages a shard has: the largest are begun first.

    Raises:
        UserError: a shard met a fault that the user must fix, or Ray cannot be reached.
    """
    sizes = [max(1.0, pages(shard)) for shard in shards]
    order = sorted(range(len(shards)), key=lambda place: -sizes[place])
    ordered = [shards[place] for place in order]
    if run.recipe.engine == "local":
        return map_shards(function, ordered, run.recipe.workers, seconds)
    from docrerank.runs.ray_engine import map_on_ray

    return map_on_ray(run, function, ordered, [sizes[place] for place in order], seconds)
