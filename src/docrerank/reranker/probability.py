"""How likely each page of a ranking answers: one scale for the command line, the server and its page."""

from __future__ import annotations

import numpy as np

from docrerank.retrieval import Calibration, Vectors

#: From fused scores to the odds of being the page that answers, if one does; and from the model's log odds of the best
#: page to the probability that a page answers at all, where every other question has no answer. Fitted on questions of
#: people, of sources that no model saw (`python -m benchmarks.start threshold`).
FUSED_SCALE = 1.83
ANSWERED = Calibration(0.498, -0.853)
#: A probability this near to 0 or 1 has no finite logit in float32.
EDGE = 1e-7


def share_probability(own: Vectors, fused: Vectors | None = None) -> Vectors:
    """The probability that each page answers, float32 of shape (pages,); their sum is that of any page.

    Args:
        own: late interaction's calibrated probability of each page alone (`Reranker.predict`).
        fused: the scores that order the pages, where other views are added to late interaction.

    Examples:
        >>> [f"{each:.0%}" for each in share_probability(np.array([0.9, 0.5], np.float32))]
        ['50%', '6%']
    """
    inside = np.clip(own, EDGE, 1 - EDGE)
    odds = np.asarray(np.log(inside / (1 - inside)), np.float32)
    weights = odds if fused is None else FUSED_SCALE * fused
    shares = np.exp(weights - weights.max())
    return np.asarray(ANSWERED.apply(odds[[int(weights.argmax())]]) * shares / shares.sum(), np.float32)
