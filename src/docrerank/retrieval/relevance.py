"""What a ranking says: of each page, and, as a whole, whether any page answers.

The latter from the model's certainty, and whether the question's names are there at all.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

from pydantic import FiniteFloat

from docrerank.retrieval.terms import stem, tokens

#: Of relevance, what the names and figures of the question decide; the model's own probability decides the rest.
SUPPORT_WEIGHT = 0.95
#: Fewer judged questions of a kind choose no threshold.
MIN_QUESTIONS = 20
#: Pages that names are looked for on, at most: as many as a search hands to the reranker.
CANDIDATES = 20
#: A threshold that keeps fewer of the answerable questions would say "no page answers" to nearly everything.
MIN_KEPT = 0.5

_NAME = re.compile(r"(?<=[^.?!\s] )[\"'“‘(]?([A-Z][A-Za-z0-9]{0,40})|(\d[\d,]{0,20}(?:\.\d{1,6})?)")


@dataclass(frozen=True, slots=True)
class Threshold:
    """The relevance from which a question counts as answered, as it stands in `docrerank.json`.

    Attributes:
        relevance: 0 to 1.
        false_answer_rate: the share of unanswerable questions that was let through at most when it was chosen.
        false_answers: the share that it lets through among those it was chosen on.
        answers_kept: the share of answerable questions that pass.
        answerable: how many of these there were.
        unanswerable: how many of those.
        source: what they were: `dev part`, or a benchmark's name.
    """

    relevance: FiniteFloat
    false_answer_rate: FiniteFloat
    false_answers: FiniteFloat
    answers_kept: FiniteFloat
    answerable: int
    unanswerable: int
    source: str

    @property
    def is_useful(self) -> bool:
        """Whether it keeps at least half of the answerable questions: nothing stores another."""
        return self.answers_kept >= MIN_KEPT

    def answers(self, relevance: float) -> bool:
        """Whether a question with this relevance is answered."""
        return relevance >= self.relevance


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


def find_names(query: str) -> frozenset[str]:
    """The names and figures of a question as terms: capitalised words but its first, and numbers.

    Examples:
        >>> sorted(find_names("What was Acme's revenue in Chile in 2019?"))
        ['2019', 'acm', 'chile']
    """
    found = (match.group(1) or match.group(2) for match in _NAME.finditer(query))
    return frozenset(stem(token) for words in found for token in tokens(words))


def measure_relevance(query: str, texts: Sequence[str], probability: float) -> float:
    """How far the pages answer a question, from 0 to 1.

    Mostly the mean of two shares: of the question's names and figures that stand on the best page, and that stand on
    any of the pages. A question of another year or company than the documents speak of scores as high as a real one
    with a model of this size, but its year or company is nowhere to be found.

    Args:
        query: the question.
        texts: of the pages it was asked of, the best first (20 count); without text the probability alone does.
        probability: that the best page answers, by the model.

    Examples:
        >>> measure_relevance("What was revenue of Acme in 2019?", ["Acme, revenue 2018"], 0.5)
        0.5
    """
    names, texts = find_names(query), texts[:CANDIDATES]
    if not any(text.strip() for text in texts):
        return round(probability, 6)
    support = 1.0
    if names:
        best = _share(names, texts[:1])
        support = (best + (best if best == 1.0 else _share(names, texts))) / 2
    return round(SUPPORT_WEIGHT * support + (1 - SUPPORT_WEIGHT) * probability, 6)


def choose_threshold(judged: Iterable[tuple[bool, float]], false_answer_rate: float, source: str) -> Threshold | None:
    """The lowest relevance at which at most a wanted share of unanswerable questions passes.

    Args:
        judged: of every question, whether a page answers it, and its relevance.
        false_answer_rate: from 0 to 1.
        source: what the questions are.

    Returns:
        None if there are fewer than 20 of either kind.

    Examples:
        >>> judged = [(True, 0.9)] * 20 + [(False, 0.2)] * 18 + [(False, 0.95)] * 2
        >>> found = choose_threshold(judged, 0.1, "dev part")
        >>> found.answers(0.9), found.answers(0.2), found.answers_kept
        (True, False, 1.0)
    """
    found: dict[bool, list[float]] = {True: [], False: []}
    for answerable, relevance in judged:
        found[answerable].append(relevance)
    if min(map(len, found.values())) < MIN_QUESTIONS:
        return None
    ordered = sorted(found[False], reverse=True)
    allowed = int(false_answer_rate * len(ordered) + 1e-9)
    bar = math.nextafter(ordered[allowed], math.inf) if allowed < len(ordered) else 0.0
    kept, false = (round(sum(value >= bar for value in values) / len(values), 4) for values in found.values())
    return Threshold(bar, false_answer_rate, false, kept, len(found[True]), len(found[False]), source)


def _share(names: frozenset[str], texts: Sequence[str]) -> float:
    """Of the names, those that stand in any of the texts; reading stops when all are found."""
    missing = set(names)
    for text in texts:
        missing -= {stem(token) for token in tokens(text)}
        if not missing:
            break
    return 1 - len(missing) / len(names)
