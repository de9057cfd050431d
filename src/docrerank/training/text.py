"""Training of the text reranker: what a step is, with late interaction over the windows of a step's pages."""

from __future__ import annotations

import contextlib
import ctypes
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from docrerank.recipe import Train
from docrerank.retrieval import TokenEncoder
from docrerank.training.dev import DevPart, DevScores, measure
from docrerank.training.examples import Example
from docrerank.training.loop import MAX_GRADIENT, WEIGHT_DECAY, Trainer
from docrerank.training.loss import GroupLoss, score_batch

#: The loss's own scale and bias learn this much faster than the encoder.
LOSS_RATE = 100.0


class TextTrainer(Trainer):
    """Trains an encoder on examples.

    Args:
        encoder: the start; its weights are changed in place. Word embeddings stay as they are.
        examples: in the order of training.
        dev: what measures progress.
        settings: the recipe's section.
        checkpoint: see `Trainer`.
        made_from: see `Trainer`.
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
        self.encoder, self.examples, self.dev = encoder, examples, dev
        self.loss, self.blend = GroupLoss(settings), settings.blend
        weights = freeze_words(encoder.model)
        own = {"params": list(self.loss.parameters()), "lr": settings.learning_rate * LOSS_RATE}
        groups = [{"params": list(weights.values()), "lr": settings.learning_rate}, own]
        optimizer = torch.optim.AdamW(groups, weight_decay=WEIGHT_DECAY)
        super().__init__(weights, optimizer, len(examples), settings, checkpoint, made_from)

    def take_steps(self, first: int) -> Iterator[float]:
        """See `Trainer`: after the last example comes the first again."""
        count, size = len(self.examples), self.settings.batch_groups
        for step in range(first, self.steps):
            yield self._learn([self.examples[(step * size + place) % count] for place in range(min(size, count))])

    def measure(self) -> DevScores:
        """See `Trainer`."""
        return measure(self.encoder, self.dev, self.settings.temperature)[0]

    def pack(self) -> dict[str, Any]:
        """See `Trainer`."""
        return {**super().pack(), "loss": self.loss.state_dict()}

    def unpack(self, content: Mapping[str, Any]) -> None:
        """See `Trainer`."""
        super().unpack(content)
        self.loss.load_state_dict(content["loss"])

    def _learn(self, batch: Sequence[Example]) -> float:
        self.encoder.model.eval()  # no dropout: a step then follows from its batch alone, and needs half the memory
        loss = self.loss(self._score(batch).cpu(), batch)
        self.optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(list(self.weights.values()), MAX_GRADIENT)
        self.optimizer.step()
        self.schedule.step()
        return_memory()
        return round(float(loss.detach()), 6)

    def _score(self, batch: Sequence[Example]) -> torch.Tensor:
        return score_batch(self.encoder.model, batch, self.encoder.precision, self.encoder.rarity)


def freeze_words(model: nn.Module) -> dict[str, nn.Parameter]:
    """The weights that learn, by name: all but the embeddings, which a few thousand groups would only disturb."""
    learning = {}
    for name, weight in model.named_parameters():
        weight.requires_grad_(".embeddings." not in name)
        if weight.requires_grad:
            learning[name] = weight
    return learning


def return_memory() -> None:
    """Hand freed memory back: batches of ever new shapes would leave the heap in pieces, three times as large."""
    with contextlib.suppress(OSError, AttributeError):  # another C library than glibc
        ctypes.CDLL("libc.so.6").malloc_trim(0)
