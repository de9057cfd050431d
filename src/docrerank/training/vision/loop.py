"""The training loop: a step follows from its groups and the state before it, so a killed training goes on exactly."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.distributed.tensor import DTensor

from docrerank.recipe import Recipe
from docrerank.records import Page, TrainingGroup
from docrerank.reranker.vision import VisionReranker, packed_logits
from docrerank.reranker.vision.load import Parts
from docrerank.training.checkpoint import read_checkpoint, write_checkpoint
from docrerank.training.dev import DevScores
from docrerank.training.loop import MAX_GRADIENT, WEIGHT_DECAY, Progress, is_better
from docrerank.training.vision.adapt import computes_in_half, list_weights
from docrerank.training.vision.dev import DevPlan, measure
from docrerank.training.vision.loader import Course, Piece, PieceStream, load_pieces
from docrerank.training.vision.losses import choose_loss
from docrerank.training.vision.processes import Processes
from docrerank.training.vision.sharding import clip_gradients, cut_like, cut_state, gather, idle, is_sharded

logger = logging.getLogger(__name__)

STEPS_PER_CHECKPOINT = 20


@dataclass(frozen=True, slots=True)
class Material:
    """What is trained on and measured.

    Attributes:
        groups: in the order of training.
        pages: by id.
        dev: the pairs that measure progress.
    """

    groups: Sequence[TrainingGroup]
    pages: Mapping[str, Page]
    dev: DevPlan


class VisionTrainer:
    """Trains what learns of a model, keeping the state that is best on the dev part.

    Args:
        parts: from `load_learner`; its weights are changed in place.
        material: groups, pages and the dev part.
        recipe: the run's; sections `train` and `vision`, and the seed.
        checkpoint: file that a killed training goes on from, in as many processes as then are there.
        made_from: fingerprint of all that the training depends on; a checkpoint made from anything else is not used.
        processes: those that share a step.

    Attributes:
        unreadable: why pages were left out, by id; those that this process met, before its checkpoint too.
    """

    def __init__(
        self,
        parts: Parts,
        material: Material,
        recipe: Recipe,
        checkpoint: Path,
        made_from: str,
        processes: Processes,
    ) -> None:
        self.parts, self.material, self.recipe, self.processes = parts, material, recipe, processes
        self.checkpoint, self.made_from = checkpoint, made_from
        self.loss = choose_loss(recipe.vision.loss, recipe.train.positive_weight)
        self.reranker = VisionReranker(parts)
        self.weights = list_weights(parts.model)
        self.start = self._copy()
        self.unreadable: dict[str, str] = {}
        settings = recipe.train
        self.steps = math.ceil(len(material.groups) * settings.epochs / settings.batch_groups)
        weights = list(self.weights.values())
        self.sharded = is_sharded(parts.model)
        self.device_type = torch.device(processes.device).type
        self.half = computes_in_half(recipe.vision, processes.device)
        each = False if self.sharded else None  # whole and cut weights do not mix in one call
        self.optimizer = torch.optim.AdamW(weights, settings.learning_rate, weight_decay=WEIGHT_DECAY, foreach=each)
        self.schedule = torch.optim.lr_scheduler.LambdaLR(self.optimizer, self._find_rate)

    def run(self, progress: Callable[[int, int], None]) -> Progress:
        """Train to the end, from the last checkpoint if there is one; the model then holds the best weights."""
        state = self._resume() or self._begin()
        every = max(1, math.ceil(self.steps / self.recipe.train.evaluations))
        loss = 0.0
        for piece in () if self._is_over(state) else self._load_pieces(state.step):
            loss += self._learn(piece)
            if not piece.last:
                continue
            state.curves["loss"].append(self._finish(loss))
            state.step, loss = state.step + 1, 0.0
            if state.step % every == 0 or state.step == self.steps:
                self._measure(state)
            if state.step % STEPS_PER_CHECKPOINT == 0 or self._is_over(state):
                self._save(state)
            progress(state.step, self.steps)
            if self._is_over(state):
                break
        self._put({**self.start, **state.best})
        return state

    def _load_pieces(self, step: int) -> Any:
        settings, vision = self.recipe.train, self.recipe.vision
        who = self.processes
        course = Course(
            self.material.groups, settings.batch_groups, self.steps, who.rank, who.world, vision.micro_tokens
        )
        stream = PieceStream(course, self.material.pages, self.parts.reader, self.loss, step)
        return load_pieces(stream, vision.loader_workers)

    def _learn(self, piece: Piece) -> float:
        """Add a piece's gradients; returns its share of the step's loss."""
        for page, reason in piece.unreadable.items():
            logger.warning("a page is left out of step %d: %s", piece.step + 1, reason)
            self.unreadable[page] = reason
        self.parts.model.train()
        if not piece.pairs:
            if self.sharded:
                with torch.autocast(self.device_type, torch.bfloat16, enabled=self.half, cache_enabled=False):
                    nothing = idle(self.parts.model)
                nothing.backward()  # type: ignore[no-untyped-call]
            return 0.0
        torch.manual_seed(hash((self.recipe.seed, piece.step, piece.number, self.processes.rank)) % 2**63)  # dropout
        with torch.autocast(self.device_type, torch.bfloat16, enabled=self.half, cache_enabled=False):
            logits = packed_logits(self.parts.model, self.parts.head(), piece.pages, piece.queries)
        loss = self.loss.compute(logits, piece.pairs) / piece.total
        loss.backward()  # type: ignore[no-untyped-call]
        return float(loss.detach())

    def _finish(self, loss: float) -> float:
        """Sum gradients over the processes, take the step, give its loss."""
        weights = list(self.weights.values())
        for weight in weights:
            weight.grad = torch.zeros_like(weight) if weight.grad is None else weight.grad
        total = torch.tensor([loss], dtype=torch.float64)
        gradients = [weight.grad for weight in weights if weight.grad is not None]
        self.processes.sum([gradient for gradient in gradients if not isinstance(gradient, DTensor)])
        self.processes.sum([total])
        clip_gradients(weights, MAX_GRADIENT, self.processes)
        self.optimizer.step()
        self.schedule.step()
        self.optimizer.zero_grad()
        return round(float(total), 6)

    def _find_rate(self, step: int) -> float:
        """Linear warm-up, then linear to zero."""
        warm = max(1, round(self.steps * self.recipe.train.warmup_share))
        return min((step + 1) / warm, max(0.0, (self.steps - step) / max(1, self.steps - warm)), 1.0)

    def _begin(self) -> Progress:
        scores = measure(self.reranker, self.material.dev, self.processes, self.sharded)
        state = Progress(0, {"loss": [], "dev": [], "dev_loss": []}, {}, scores.loss, (scores.ndcg, scores.accuracy))
        _note(state, scores)
        return state

    def _measure(self, state: Progress) -> None:
        scores = measure(self.reranker, self.material.dev, self.processes, self.sharded)
        _note(state, scores)
        if is_better(scores, state):
            state.best, state.best_loss = self._copy(), scores.loss

    def _is_over(self, state: Progress) -> bool:
        """All steps are done, or as many measurements as the recipe allows brought no gain."""
        patience, losses = self.recipe.vision.patience, state.curves["dev_loss"]
        stale = bool(patience) and len(losses) - 1 - losses.index(min(losses)) >= patience
        return state.step >= self.steps or stale

    def _copy(self) -> dict[str, Tensor]:
        return {name: gather(weight.detach()).cpu().clone() for name, weight in self.weights.items()}

    def _put(self, weights: Mapping[str, Tensor]) -> None:
        with torch.no_grad():
            for name, weight in self.weights.items():
                weight.copy_(cut_like(weights[name], weight))

    def _save(self, state: Progress) -> None:
        content = {
            "progress": asdict(state),
            "weights": self._copy(),
            "optimizer": gather(self.optimizer.state_dict()),
            "schedule": self.schedule.state_dict(),
            "unreadable": self.processes.join_notes(self.unreadable),
        }
        if not self.processes.rank:
            write_checkpoint(self.checkpoint, self.made_from, content)

    def _resume(self) -> Progress | None:
        content = read_checkpoint(self.checkpoint, self.made_from)
        if content is None:
            return None
        self._put(content["weights"])
        self.optimizer.load_state_dict(cut_state(content["optimizer"], list(self.weights.values())))
        self.schedule.load_state_dict(content["schedule"])
        self.unreadable = dict(content["unreadable"])
        return Progress(**content["progress"])


def _note(state: Progress, scores: DevScores) -> None:
    """Add a measurement to the curves, in the form that the report draws."""
    state.curves["dev"].append([state.step, scores.ndcg, scores.accuracy])
    state.curves["dev_loss"].append(scores.loss)
