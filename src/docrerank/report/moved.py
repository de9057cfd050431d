"""Questions whose ranking training changed most, for better and for worse."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from docrerank.evaluation import names

METRIC = "NDCG@10"
BEFORE, AFTER = names.FIRST_STAGE, names.TRAINED_FUSED
#: Shown of each direction.
SHOWN = 3


@dataclass(frozen=True, slots=True)
class Move:
    """One question before and after.

    Attributes:
        text: the question.
        change: of `METRIC`, after minus before.
        before: the best page of the first stage.
        after: the best page of the trained system.
        right: the first page that answers it.
        rank_before: rank of the best right page in the first stage's ten best; 0 if it is not among them.
        rank_after: as `rank_before`, for the trained system.
    """

    text: str
    change: float
    before: str
    after: str
    right: str
    rank_before: int
    rank_after: int

    def pages(self) -> tuple[str, str, str]:
        """Ids of the pages to be shown."""
        return self.before, self.after, self.right


def find_moves(evaluation: dict[str, Any]) -> tuple[list[Move], list[Move]]:
    """The questions that rose most and those that fell most, the furthest first; none without a trained system."""
    moves = list(_list_moves(evaluation))
    risen = sorted((move for move in moves if move.change > 0), key=lambda move: (-move.change, move.text))
    fallen = sorted((move for move in moves if move.change < 0), key=lambda move: (move.change, move.text))
    return risen[:SHOWN], fallen[:SHOWN]


def _list_moves(evaluation: dict[str, Any]) -> Iterator[Move]:
    for query in evaluation.get("queries", ()):
        systems = query["systems"]
        if query["relevant"] and BEFORE in systems and AFTER in systems:
            before, after = systems[BEFORE], systems[AFTER]
            yield Move(
                query["text"],
                after["metrics"][METRIC] - before["metrics"][METRIC],
                before["top"][0][0],
                after["top"][0][0],
                query["relevant"][0],
                _find_rank(before["top"], query["relevant"]),
                _find_rank(after["top"], query["relevant"]),
            )


def _find_rank(top: list[list[Any]], relevant: list[str]) -> int:
    return next((rank for rank, (page, _) in enumerate(top, 1) if page in relevant), 0)
