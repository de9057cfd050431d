"""The training loop: a step follows from its batch and the state before it, so a killed training goes on exactly."""

from __future__ import annotations

import contextlib
import ctypes
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from docrerank.encoding import TokenEncoder
from docrerank.recipe import Train
from docrerank.training.checkpoint import read_checkpoint, write_checkpoint
from docrerank.training.dev import DevPart, DevScores, measure
from docrerank.training.examples import Example
from docrerank.training.loss import GroupLoss, score_batch

STEPS_PER_CHECKPOINT = 20
MAX_GRADIENT = 1.0
WEIGHT_DECAY = 0.01
#: The loss's own scale and bias learn this much faster than the encoder.
LOSS_RATE = 100.0

#: How much the dev part's NDCG@5 may fall while its loss falls: less is a matter of single questions.
NDCG_TOLERANCE = 0.005

State = dict[str, Tensor]
Curves = dict[str, list[Any]]


@dataclass(slots=True)
class Progress:
    """How far a training is; all of it is in a checkpoint.

    Attributes:
        step: steps done.
        curves: `loss` per step; `dev` as [step, NDCG@5, accuracy, loss] per measurement.
        best: the delivered weights of the best measurement so far; empty while that is the untrained start.
        best_loss: its `DevScores.loss`.
        floor: NDCG@5 and accuracy of the untrained start, below which nothing is delivered.
    """

    step: int
    curves: Curves
    best: State
    best_loss: float
    floor: tuple[float, float]


class Trainer:
    """Trains an encoder on examples, keeping the state that is best on the dev part.

    Args:
        encoder: the untrained start; its weights are changed in place. Word embeddings stay as they are.
        examples: in the order of training.
        dev: what measures progress.
        settings: the recipe's section.
        checkpoint: file that a killed training goes on from.
        made_from: fingerprint of all that the training depends on; a checkpoint made from anything else is not used.
    """

    def __init__(
        self,
        encoder: TokenEncoder,
        examples: Sequence[Example],
        dev: DevPart,
        settings: Train,
        checkpoint: Path,
        made_from: str,
    ) -> None:
        self.encoder, self.examples, self.dev, self.settings = encoder, examples, dev, settings
        self.checkpoint, self.made_from = checkpoint, made_from
        self.loss = GroupLoss(settings)
        self.weights = _freeze_words(encoder.model)
        self.start = {name: weight.detach().clone() for name, weight in self.weights.items()}
        self.steps = math.ceil(len(examples) * settings.epochs / settings.batch_groups)
        self.optimizer = torch.optim.AdamW(
            [
                {"params": list(self.weights.values()), "lr": settings.learning_rate},
                {"params": list(self.loss.parameters()), "lr": settings.learning_rate * LOSS_RATE},
            ],
            weight_decay=WEIGHT_DECAY,
        )
        self.schedule = torch.optim.lr_scheduler.LambdaLR(self.optimizer, self._find_rate)

    def run(self, progress: Callable[[int, int], None]) -> Progress:
        """Train to the end, from the last checkpoint if there is one; the encoder then holds the best weights."""
        state = self._resume() or self._begin()
        every = max(1, math.ceil(self.steps / self.settings.evaluations))
        while state.step < self.steps:
            state.curves["loss"].append(self._step(state.step))
            state.step += 1
            if state.step % every == 0 or state.step == self.steps:
                self._measure(state)
            if state.step % STEPS_PER_CHECKPOINT == 0 or state.step == self.steps:
                self._save(state)
            progress(state.step, self.steps)
        self._load({**self.start, **state.best})
        return state

    def _begin(self) -> Progress:
        scores = measure(self.encoder, self.dev, self.settings.temperature)[0]
        curves: Curves = {"loss": [], "dev": [[0, *asdict(scores).values()]]}
        return Progress(0, curves, {}, scores.loss, (scores.ndcg, scores.accuracy))

    def _step(self, step: int) -> float:
        size = self.settings.batch_groups
        order = [(step * size + index) % len(self.examples) for index in range(min(size, len(self.examples)))]
        batch = [self.examples[index] for index in order]
        self.encoder.model.eval()  # no dropout: a step then follows from its batch alone, and needs half the memory
        loss = self.loss(score_batch(self.encoder.model, batch, self.encoder.precision).cpu(), batch)
        self.optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(list(self.weights.values()), MAX_GRADIENT)
        self.optimizer.step()
        self.schedule.step()
        _return_memory()
        return round(float(loss.detach()), 6)

    def _find_rate(self, step: int) -> float:
        """Linear warm-up, then linear to zero."""
        warm = max(1, round(self.steps * self.settings.warmup_share))
        return min((step + 1) / warm, max(0.0, (self.steps - step) / max(1, self.steps - warm)), 1.0)

    def _measure(self, state: Progress) -> None:
        """Measure the weights as they would be delivered, and keep them if they are the best."""
        trained = {name: weight.detach().clone() for name, weight in self.weights.items()}
        blended = blend(self.start, trained, self.settings.blend)
        self._load(blended)
        scores = measure(self.encoder, self.dev, self.settings.temperature)[0]
        self._load(trained)
        state.curves["dev"].append([state.step, *asdict(scores).values()])
        if is_better(scores, state):
            state.best, state.best_loss = blended, scores.loss

    def _load(self, weights: State) -> None:
        with torch.no_grad():
            for name, weight in self.weights.items():
                weight.copy_(weights[name])

    def _save(self, state: Progress) -> None:
        content = {
            "progress": asdict(state),
            "weights": {name: weight.detach() for name, weight in self.weights.items()},
            "loss": self.loss.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
        }
        write_checkpoint(self.checkpoint, self.made_from, content)

    def _resume(self) -> Progress | None:
        content = read_checkpoint(self.checkpoint, self.made_from)
        if content is None:
            return None
        self._load(content["weights"])
        self.loss.load_state_dict(content["loss"])
        self.optimizer.load_state_dict(content["optimizer"])
        self.schedule.load_state_dict(content["schedule"])
        return Progress(**content["progress"])


def _return_memory() -> None:
    """Hand freed memory back: batches of ever new shapes would leave the heap in pieces, three times as large."""
    with contextlib.suppress(OSError, AttributeError):  # another C library than glibc
        ctypes.CDLL("libc.so.6").malloc_trim(0)


def blend(start: State, trained: State, share: float) -> State:
    """The way from the start to the trained weights, gone by `share`: keeps what the start knew of other documents."""
    return {name: torch.lerp(start[name], weight, share) for name, weight in trained.items()}


def is_better(scores: DevScores, state: Progress) -> bool:
    """Whether weights are the best so far; never if they rank or tell apart worse than the untrained start."""
    ranks = scores.ndcg >= state.floor[0] - NDCG_TOLERANCE
    return scores.loss < state.best_loss and ranks and scores.accuracy >= state.floor[1]


def _freeze_words(model: nn.Module) -> dict[str, nn.Parameter]:
    """The weights that learn, by name: all but the embeddings, which a few thousand groups would only disturb."""
    learning = {}
    for name, weight in model.named_parameters():
        weight.requires_grad_(".embeddings." not in name)
        if weight.requires_grad:
            learning[name] = weight
    return learning
