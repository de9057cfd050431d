"""Chooses docrerank-mini's relevance threshold on people's questions, and fits how likely a page answers.

A question of a source that it never saw is asked of the source's contexts, again of the same without its own, and of
another source's; questions that are unanswerable as their writers meant them are asked of all.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize, minimize_scalar

from benchmarks.start.measure import Part, encode
from docrerank.retrieval import (
    Bm25,
    Calibration,
    Encoding,
    FusionWeights,
    TokenEncoder,
    Vectors,
    fuse,
    measure_relevance,
    order,
    score_tokens,
    score_windows,
)

#: Questions of a source, so that none outweighs the others, and pages that a search hands to the model.
QUESTIONS, DEPTH = 200, 20
BARS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.75, 0.9, 0.98, 0.99, 0.999)


@dataclass(frozen=True, slots=True)
class Judged:
    """A question of some pages: its source and kind, its relevance, the best page's probability by the model, the
    pages' fused scores, and which of them answers."""

    source: int
    kind: str
    relevance: float
    chance: float
    fused: Vectors
    own: int | None


def judge(parts: Sequence[Part], start: TokenEncoder, untrained: TokenEncoder, fitted: Calibration) -> list[Judged]:
    """Ask all parts their own questions, and those of the part before."""
    seen = [Seen.of(part, place, start, untrained) for place, part in enumerate(parts)]
    return [one for at, own in enumerate(seen) for one in own.judge(seen[at - 1].asked, fitted)]


def show(judged: Sequence[Judged]) -> Iterator[str]:
    """What each bar keeps and lets through, by kind of question; the probability that a page answers; and the
    temperature of fused scores."""
    for bar in BARS:
        shares = [f"{kind} {_share_above(rows, bar):.3f} of {len(rows)}" for kind, rows in _sort(judged).items()]
        yield f"relevance {bar}: {', '.join(shares)}"
    yield from _show_probability(judged)
    found = [one for one in judged if one.own is not None]
    best = minimize_scalar(lambda scale: _miss(found, scale), bounds=(0.1, 20), method="bounded")
    yield f"softmax of {best.x:.3f} times the fused score: mean log loss {best.fun:.4f} of {len(found)} questions"


def _show_probability(judged: Sequence[Judged]) -> Iterator[str]:
    """A sigmoid of the model's log odds, as many questions with an answer as without; each source also held out."""
    scale, bias = _fit(judged)
    yield f"a page answers: sigmoid({scale:.3f} * log odds {bias:+.3f}), log loss {_lose(judged, scale, bias):.3f}"
    for source in sorted({one.source for one in judged}):
        own = [one for one in judged if one.source == source]
        others = _fit([one for one in judged if one.source != source])
        yield f"  source {source} held out: log loss {_lose(own, *others):.3f} (one half always: {np.log(2):.3f})"
    chances = {id(one): _estimate(one, scale, bias) for one in judged}
    for low in np.arange(0, 1, 0.1):
        rows = [one for one in judged if low <= chances[id(one)] < low + 0.1]
        counts = {kind: len(own) for kind, own in _sort(rows).items()}
        yield f"  probability {low:.1f} to {low + 0.1:.1f}: {counts}"
    for bar in (0.1, 0.15, 0.2, 0.25, 0.3):
        rows = [one for one in judged if chances[id(one)] >= bar]
        shares = [f"{kind} {len(own) / len(_sort(judged)[kind]):.3f}" for kind, own in _sort(rows).items()]
        yield f"  probability {bar}: {', '.join(shares)}"


def _fit(judged: Sequence[Judged]) -> tuple[float, float]:
    found = minimize(lambda values: _lose(judged, *values), [1.0, 0.0]).x
    return float(found[0]), float(found[1])


def _lose(judged: Sequence[Judged], scale: float, bias: float) -> float:
    """Mean log loss, both answers weighing the same."""
    losses: dict[bool, list[float]] = {True: [], False: []}
    for one in judged:
        answered = one.kind == "answerable"
        logit = scale * _log_odds(one) + bias
        losses[answered].append(float(np.logaddexp(0, -logit if answered else logit)))
    return float(np.mean([np.mean(own) for own in losses.values()]))


def _estimate(one: Judged, scale: float, bias: float) -> float:
    return float(1 / (1 + np.exp(-scale * _log_odds(one) - bias)))


def _log_odds(one: Judged) -> float:
    inside = min(max(one.chance, 1e-7), 1 - 1e-7)
    return float(np.log(inside / (1 - inside)))


def _miss(found: Sequence[Judged], scale: float) -> float:
    logits = [scale * one.fused.astype(np.float64) for one in found]
    own = [row[one.own] for row, one in zip(logits, found, strict=True) if one.own is not None]
    return float(np.mean([np.logaddexp.reduce(row) - right for row, right in zip(logits, own, strict=True)]))


def _sort(judged: Sequence[Judged]) -> dict[str, list[float]]:
    kinds: dict[str, list[float]] = {
        "answerable": [],
        "own context away": [],
        "unanswerable": [],
        "another source's": [],
    }
    for one in judged:
        kinds[one.kind].append(one.relevance)
    return kinds


def _share_above(rows: Sequence[float], bar: float) -> float:
    return float(np.mean([value >= bar for value in rows])) if rows else 0.0


@dataclass(frozen=True, slots=True)
class Seen:
    """A part's drawn questions and its contexts, as both encoders see them."""

    part: Part
    place: int
    asked: list[tuple[str, int, bool, Encoding, Encoding]]
    tokens: list[Encoding]
    windows: list[Encoding]

    @classmethod
    def of(cls, part: Part, place: int, start: TokenEncoder, untrained: TokenEncoder) -> Seen:
        """Draw and encode."""
        rows = [(*one, True) for one in part.questions] + [(*one, False) for one in part.unanswerable]
        drawn = random.Random(13).sample(rows, min(QUESTIONS, len(rows)))
        texts = [text for text, _, _ in drawn]
        encoded = zip(start.encode_queries(texts), untrained.encode_queries(texts), strict=True)
        asked = [(*row, *pair) for row, pair in zip(drawn, encoded, strict=True)]
        return cls(part, place, asked, encode(part, start), encode(part, untrained))

    def judge(
        self, others: Sequence[tuple[str, int, bool, Encoding, Encoding]], fitted: Calibration
    ) -> Iterator[Judged]:
        """Own questions with their context and without, unanswerable ones, and those of another part."""
        for text, place, answerable, own, first in self.asked:
            tokens, windows = score_tokens([own], self.tokens)[0], score_windows([first], self.windows)[0]
            yield self._judge("answerable" if answerable else "unanswerable", text, tokens, windows, place, fitted)
            if answerable:
                tokens[place] = -1.0
                yield self._judge("own context away", text, tokens, windows, place, fitted)
        for text, _, _, own, first in others[: QUESTIONS // 2]:
            tokens, windows = score_tokens([own], self.tokens)[0], score_windows([first], self.windows)[0]
            yield self._judge("another source's", text, tokens, windows, -1, fitted)

    def _judge(
        self, kind: str, text: str, tokens: Vectors, windows: Vectors, place: int, fitted: Calibration
    ) -> Judged:
        best = order(tokens, DEPTH)
        pages = [self.part.contexts[place].text for place in best]
        fused = fuse(Bm25(pages).score(text), windows[best], tokens[best], FusionWeights())
        ranked = order(fused)
        chance = float(fitted.apply(tokens[[best[ranked[0]]]])[0])
        relevance = measure_relevance(text, [pages[place] for place in ranked], chance)
        own = best.index(place) if kind == "answerable" and place in best else None
        return Judged(self.place, kind, relevance, chance, fused, own)
