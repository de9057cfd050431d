"""Scores of (query, page) pairs, with the reasons of those that have none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Scored:
    """Scores of pairs.

    Attributes:
        values: float32, one for each pair, the true word's logit less the false one's; NaN if there is none.
        reasons: for each pair without a score, why.
        tokens: int64, what the model reads of each pair when nothing is kept between pairs; 0 without a score.
    """

    values: npt.NDArray[np.float32]
    reasons: dict[int, str]
    tokens: npt.NDArray[np.int64]

    @classmethod
    def none_of(cls, pairs: int) -> Scored:
        """No pair has a score yet."""
        return cls(np.full(pairs, np.nan, np.float32), {}, np.zeros(pairs, np.int64))

    def take(self, places: list[int]) -> tuple[list[int], Scored]:
        """These places, and their pairs alone, numbered anew."""
        reasons = {number: self.reasons[place] for number, place in enumerate(places) if place in self.reasons}
        return places, Scored(self.values[places], reasons, self.tokens[places])
