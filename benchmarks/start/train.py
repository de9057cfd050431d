"""Trains it: every step follows from its number and the state before it, so a killed training resumes exactly."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn

from benchmarks.start.batches import Batches
from benchmarks.start.loss import compute_loss, score_contexts
from docrerank.retrieval import TokenEncoder
from docrerank.training.loop import read_checkpoint, write_checkpoint

RATE, WARMUP, WEIGHT_DECAY, MAX_GRADIENT = 3e-5, 0.05, 0.01, 1.0
STEPS_PER_CHECKPOINT = 100


class StartTrainer:
    """Trains MiniLM's layers; word embeddings stay as they are.

    Args:
        encoder: the untrained start; its weights are changed in place.
        batches: what each step learns from.
        steps: in all; the learning rate falls to zero with the last.
        checkpoint: file that a killed training goes on from.
        made_from: fingerprint of all that the training depends on.
    """

    def __init__(self, encoder: TokenEncoder, batches: Batches, steps: int, checkpoint: Path, made_from: str) -> None:
        self.encoder, self.batches, self.steps = encoder, batches, steps
        self.checkpoint, self.made_from = checkpoint, made_from
        # PyTorch's flash attention has a slow way back on processors: plain attention takes 30 % off a step.
        encoder.model[0].auto_model.set_attn_implementation("eager")
        self.weights = find_layers(encoder.model)
        for name, weight in encoder.model.named_parameters():
            weight.requires_grad_(name in self.weights)
        self.optimizer = torch.optim.AdamW(self.weights.values(), lr=RATE, weight_decay=WEIGHT_DECAY)
        self.schedule = torch.optim.lr_scheduler.LambdaLR(self.optimizer, self._find_rate)

    def run(self, progress: Callable[[int, float, float], None]) -> None:
        """Train to the end.

        Args:
            progress: called with (steps done, the step's loss, its seconds).
        """
        for step in range(self._resume(), self.steps):
            begin = time.perf_counter()
            loss = self._step(step)
            if (step + 1) % STEPS_PER_CHECKPOINT == 0 or step + 1 == self.steps:
                self._save(step + 1)
            progress(step + 1, loss, time.perf_counter() - begin)

    def _step(self, step: int) -> float:
        examples, answerable = self.batches.draw(step)
        self.encoder.model.eval()  # no dropout: a step then follows from its batch alone
        loss = compute_loss(score_contexts(self.encoder, examples), examples, answerable)
        self.optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(list(self.weights.values()), MAX_GRADIENT)
        self.optimizer.step()
        self.schedule.step()
        return float(loss.detach())

    def _find_rate(self, step: int) -> float:
        """Linear warm-up, then linear to zero."""
        warm = max(1, round(self.steps * WARMUP))
        return min((step + 1) / warm, (self.steps - step) / max(1, self.steps - warm), 1.0)

    def _save(self, step: int) -> None:
        content = {
            "step": step,
            "weights": {name: weight.detach() for name, weight in self.weights.items()},
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
        }
        write_checkpoint(self.checkpoint, self.made_from, content)

    def _resume(self) -> int:
        content = read_checkpoint(self.checkpoint, self.made_from)
        if content is None:
            return 0
        load_layers(self.encoder.model, content["weights"])
        self.optimizer.load_state_dict(content["optimizer"])
        self.schedule.load_state_dict(content["schedule"])
        return int(content["step"])


def find_layers(model: Any) -> dict[str, nn.Parameter]:
    """The weights that learn, by name: all but the embeddings and the unused pooler."""
    return {
        name: weight
        for name, weight in model.named_parameters()
        if ".embeddings." not in name and ".pooler." not in name
    }


def load_layers(model: Any, weights: dict[str, torch.Tensor]) -> None:
    """Put weights of the same names into a model."""
    with torch.no_grad():
        for name, weight in find_layers(model).items():
            weight.copy_(weights[name])
