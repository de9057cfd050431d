"""What a ranking says: of each page, and, as a whole, whether any of its pages answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypedDict

from docrerank.retrieval.relevance import Threshold


class RankedPage(TypedDict):
    """One page of a ranking, by a text or a vision-language model.

    Attributes:
        corpus_id: its index among the pages given.
        score: higher is better; NaN if the page could not be read.
        page: as it was given.
        error: why it could not be read; None if it could.
    """

    corpus_id: int
    score: float
    page: Any
    error: str | None


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether the pages of a ranking answer its question.

    Attributes:
        relevance: 0 to 1, see `measure_relevance`.
        threshold: the model's; None if none was chosen for it.
    """

    relevance: float
    threshold: Threshold | None

    @property
    def answered(self) -> bool | None:
        """Whether a page answers; None where the model has no threshold."""
        return None if self.threshold is None else self.threshold.answers(self.relevance)

    def to_dict(self) -> dict[str, Any]:
        """As `json.dumps` takes it."""
        bar = None if self.threshold is None else round(self.threshold.relevance, 4)
        return {"answered": self.answered, "relevance": round(self.relevance, 4), "relevance_threshold": bar}

    def describe(self) -> str:
        """A line for a person; empty unless no page answers.

        Examples:
            >>> Answer(0.2, Threshold(0.5, 0.1, 0.1, 0.9, 20, 20, "dev part")).describe()
            'no page answers this: relevance 0.2000, below the threshold of 0.5000'
        """
        if self.answered is not False or self.threshold is None:
            return ""
        bar = self.threshold.relevance
        return f"no page answers this: relevance {self.relevance:.4f}, below the threshold of {bar:.4f}"
