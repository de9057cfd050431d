"""Measures how well a start ranks what it did not learn from: a source's contexts for its questions, beside MiniLM."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.start.questions import Context, Questions
from docrerank.evaluation.statistics import bootstrap_auroc, bootstrap_mean
from docrerank.retrieval import Bm25, Calibration, Encoding, TokenEncoder, Vectors, score_tokens, score_windows
from docrerank.training.calibration import fit_calibration

Numbers = npt.NDArray[np.float64]
#: Late interaction is scored for this many questions at once.
QUESTIONS_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Part:
    """Contexts that are ranked for their questions.

    Attributes:
        name: of the source; `kept` ones are drawn from sources that others of are trained on.
        contexts: all that are ranked.
        questions: that a context answers, each with the place of its context.
        unanswerable: questions that a context looks as if it answered, with its place.
    """

    name: str
    contexts: list[Context]
    questions: list[tuple[str, int]]
    unanswerable: list[tuple[str, int]]

    @property
    def owners(self) -> list[str]:
        """The context of each question: the cluster that intervals draw again."""
        return [self.contexts[place].id for _, place in self.questions]


@dataclass(frozen=True, slots=True)
class Seen:
    """A part as an encoder sees it.

    Attributes:
        windows: best-window scores of shape (questions, contexts).
        tokens: late interaction, likewise.
        unanswerable: late interaction of each unanswerable question with its context.
    """

    windows: Vectors
    tokens: Vectors
    unanswerable: Vectors


def list_parts(questions: Questions, kept: bool) -> list[Part]:
    """The sources that are held out whole, or the contexts kept back from the others."""
    sources = questions.kept if kept else questions.held_out
    parts = []
    for name, contexts in sources.items():
        asked = [(text, place) for place, context in enumerate(contexts) for text, _ in context.questions]
        wrong = [(text, place) for place, context in enumerate(contexts) for text in context.unanswerable]
        parts.append(Part(name, contexts, asked, wrong))
    return parts


@dataclass(frozen=True, slots=True)
class Look:
    """A part as BM25, MiniLM and a start see it."""

    part: Part
    bm25: Vectors
    before: Seen
    after: Seen

    def table(self) -> Iterator[str]:
        """A row for each system."""
        before = {"MiniLM tokens": self.before.tokens, "MiniLM windows": self.before.windows, "BM25": self.bm25}
        return compare(self.part, {**before, "windows": self.after.windows, "tokens": self.after.tokens})

    def views(self) -> tuple[Vectors, Vectors, Vectors]:
        """What a fusion adds up: BM25, MiniLM's windows, the start's tokens."""
        return self.bm25, self.before.windows, self.after.tokens

    def answerable(self) -> Iterator[str]:
        """How well a question's score with its own context tells answerable ones apart, by MiniLM and by the start."""
        places = np.array([place for _, place in self.part.questions])
        owners = [*self.part.owners, *(self.part.contexts[place].id for _, place in self.part.unanswerable)]
        for name, seen in (("MiniLM", self.before), ("start", self.after)) if self.part.unanswerable else ():
            own = seen.tokens[np.arange(len(places)), places]
            labels = [True] * len(own) + [False] * len(seen.unanswerable)
            found = bootstrap_auroc(np.concatenate([own, seen.unanswerable]), labels, owners)
            yield f"{self.part.name}: answerable AUROC of {name} {found.value:.3f} [{found.low:.3f} {found.high:.3f}]"


def look_at(part: Part, untrained: TokenEncoder, start: TokenEncoder) -> Look:
    """Encode a part with both encoders."""
    return Look(part, view_bm25(part), view_encoded(part, untrained), view_encoded(part, start))


def fit_scores(looks: Sequence[Look]) -> Calibration:
    """From the start's late interaction to the probability that a context answers."""
    places = [(look.after.tokens[row], at) for look in looks for row, (_, at) in enumerate(look.part.questions)]
    own = np.array([scores[at] for scores, at in places], np.float32)
    return fit_calibration(own, np.concatenate([np.delete(scores, at) for scores, at in places]))


def encode(part: Part, encoder: TokenEncoder) -> list[Encoding]:
    """The contexts as pages: cut into windows, under their title where they have one."""
    return encoder.encode_pages([own.text for own in part.contexts], [own.title for own in part.contexts])


def view_bm25(part: Part) -> Vectors:
    """BM25 scores of shape (questions, contexts)."""
    index = Bm25([own.text for own in part.contexts])
    return np.stack([index.score(text) for text, _ in part.questions])


def view_encoded(part: Part, encoder: TokenEncoder) -> Seen:
    """The scores of all questions with all contexts, encoded once."""
    pages = encode(part, encoder)
    asked = encoder.encode_queries([text for text, _ in part.questions])
    chunks = [asked[start : start + QUESTIONS_AT_ONCE] for start in range(0, len(asked), QUESTIONS_AT_ONCE)]
    windows = [score_windows(chunk, pages) for chunk in chunks]
    tokens = [score_tokens(chunk, pages) for chunk in chunks]
    wrong = encoder.encode_queries([text for text, _ in part.unanswerable])
    pairs = zip(wrong, part.unanswerable, strict=True)
    unanswerable = [score_tokens([query], [pages[place]])[0, 0] for query, (_, place) in pairs]
    return Seen(np.concatenate(windows), np.concatenate(tokens), np.array(unanswerable, np.float32))


def measure_ndcg(scores: Vectors, part: Part, depth: int = 5) -> Numbers:
    """NDCG@5 of each question, whose one right context counts as below those of equal score."""
    places = np.array([place for _, place in part.questions])
    own = scores[np.arange(len(places)), places]
    ranks = (scores >= own[:, None]).sum(axis=1)
    return np.where(ranks <= depth, 1 / np.log2(ranks + 1.0), 0.0)


def compare(part: Part, systems: Mapping[str, Vectors]) -> Iterator[str]:
    """A row of a table for each system: NDCG@5, and its difference to the first system's."""
    first: Numbers | None = None
    for name, scores in systems.items():
        found = measure_ndcg(scores, part)
        first = found if first is None else first
        yield f"| {part.name} | {name} | {_show(found, part.owners)} | {_show(found - first, part.owners, '+')} |"


def _show(values: Sequence[float] | Numbers, owners: Sequence[str], sign: str = "") -> str:
    found = bootstrap_mean(list(values), owners)
    return f"{found.value:{sign}.3f} [{found.low:{sign}.3f} {found.high:{sign}.3f}]"
