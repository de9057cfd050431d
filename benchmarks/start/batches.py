"""What a step learns from: contexts of one source, each drawn beside those most like it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from benchmarks.start.questions import Context
from docrerank.retrieval import TokenEncoder, WindowCutter
from docrerank.training.group_texts import Example, find_evidence

#: Contexts drawn for a step, and of each one's `NEAREST` how many stand beside it.
DRAWN, NEAREST, BESIDE = 4, 6, 2
QUESTIONS, UNANSWERABLE, WINDOWS = 3, 2, 3
#: Characters of an answer that tell windows apart: "2" stands in every one.
TELLING = 4
#: Questions of one context that place it among the others.
PLACED_BY = 4
#: A source counts by the square root of its questions, times this: stories are far from what the product reads, and
#: questions on a bare table or a privacy policy often say too little to find it.
SHARES = {"fairytaleqa": 0.3, "wikitablequestions": 0.5, "policyqa": 0.5}


class Batches:
    """Draws the examples of each step; the same for the same contexts, seed and step.

    Args:
        contexts: by source.
        encoder: untrained; its question vectors say which contexts are alike.
        seed: of all that is drawn.
    """

    def __init__(self, contexts: Mapping[str, Sequence[Context]], encoder: TokenEncoder, seed: int) -> None:
        self.seed = seed
        self.cutter = encoder.cutter
        self.pools: list[Sequence[Context]] = []
        shares: list[float] = []
        for source, own in contexts.items():
            pools = split_source(source, own)
            weight = SHARES.get(source, 1.0) * float(np.sqrt(sum(len(context.questions) for context in own)))
            self.pools += pools
            shares += [weight * len(pool) / sum(map(len, pools)) for pool in pools]
        self.shares = np.array(shares) / sum(shares)
        self.nearest = [find_nearest(pool, encoder) for pool in self.pools]

    def draw(self, step: int) -> tuple[list[Example], list[int]]:
        """The step's examples, one a context, and how many questions of each, the first ones, its context answers."""
        draw = np.random.default_rng((self.seed, step))
        place = int(draw.choice(len(self.pools), p=self.shares))
        pool, nearest = self.pools[place], self.nearest[place]
        chosen: dict[int, None] = {}
        for index in draw.choice(len(pool), min(DRAWN, len(pool)), replace=False).tolist():
            beside = draw.choice(nearest[index], min(BESIDE, nearest.shape[1]), replace=False).tolist()
            chosen.update(dict.fromkeys([index, *beside]))
        made = [make_example(pool[index], self.cutter, draw) for index in chosen]
        return [example for example, _ in made], [answerable for _, answerable in made]


def split_source(source: str, contexts: Sequence[Context]) -> list[list[Context]]:
    """The pools that wrong contexts are drawn from: a source, and of privacy policies one company's paragraphs.

    Questions on a policy name no company: another one's paragraph often answers as well.
    """
    if source != "policyqa":
        return [list(contexts)]
    pools: dict[str, list[Context]] = defaultdict(list)
    for context in contexts:
        pools[context.title].append(context)
    return [pool for pool in pools.values() if len(pool) > NEAREST]


def find_nearest(contexts: Sequence[Context], encoder: TokenEncoder) -> npt.NDArray[np.int64]:
    """The contexts closest to each one by their questions' mean vector, nearest first; of shape (contexts, k)."""
    texts = [text for context in contexts for text, _ in context.questions[:PLACED_BY]]
    vectors = np.concatenate([encoding.windows for encoding in encoder.encode_queries(texts)])
    starts = np.cumsum([0, *(len(context.questions[:PLACED_BY]) for context in contexts)])[:-1]
    means = np.add.reduceat(vectors, starts)
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    closeness = means @ means.T
    np.fill_diagonal(closeness, -2.0)
    return np.argsort(-closeness, axis=1, kind="stable")[:, : min(NEAREST, len(contexts) - 1)]


def make_example(context: Context, cutter: WindowCutter, draw: np.random.Generator) -> tuple[Example, int]:
    """Some questions of a context, the answerable ones first, and how many these are; of a long one some windows."""
    asked = [context.questions[index] for index in _choose(len(context.questions), QUESTIONS, draw)]
    wrong = [context.unanswerable[index] for index in _choose(len(context.unanswerable), UNANSWERABLE, draw)]
    windows = choose_windows(cutter.cut([context.text], [context.title])[0] or [""], asked)
    return Example("generated", tuple([text for text, _ in asked] + wrong), (windows,), context.source), len(asked)


def _choose(count: int, wanted: int, draw: np.random.Generator) -> list[int]:
    return sorted(draw.choice(count, min(wanted, count), replace=False).tolist()) if count else []


def choose_windows(windows: Sequence[str], asked: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """At most `WINDOWS` windows, in their order: for each question one that holds its answer or shares most words."""
    if len(windows) <= WINDOWS:
        return tuple(windows)
    words = [set(window.lower().split()) for window in windows]
    votes: dict[int, float] = defaultdict(float)
    for text, answer in asked:
        shared = [len(own & set(text.lower().split())) for own in words]
        holding = find_evidence(windows, answer) if len(answer) >= TELLING else None
        votes[int(np.argmax(shared)) if holding is None else holding] += 1
    best = sorted(range(len(windows)), key=lambda index: (-votes[index], index))[:WINDOWS]
    return tuple(windows[index] for index in sorted(best))
