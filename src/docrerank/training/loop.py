"""The one training loop: schedule, measurements, the best weights, and a file that a killed training goes on from.

`training.text_trainer` and `training.vision_trainer` say what a step is, and what it learns.
"""

from __future__ import annotations

import json
import logging
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import asdict, astuple, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from docrerank.recipe import Train
from docrerank.records import UserError, one_line
from docrerank.runs import replacing, sync, write_text
from docrerank.training.dev_part import DevScores
from docrerank.vision.memory_limit import is_out_of_memory

logger = logging.getLogger(__name__)
STEPS_PER_CHECKPOINT = 20
#: Raised when a checkpoint holds something else than before.
VERSION = 2
MAX_GRADIENT = 1.0
WEIGHT_DECAY = 0.01
#: How much the dev part's NDCG@5 may fall while its loss falls: less is a matter of single questions.
NDCG_TOLERANCE = 0.005

State = dict[str, Tensor]


@dataclass(slots=True)
class Course:
    """How far a training is; all of it is in a checkpoint.

    Attributes:
        step: steps done.
        loss: of every step.
        dev: a row [step, NDCG@5, accuracy, loss] of every measurement, the untrained start first.
        best: the delivered weights of the best measurement so far; empty while that is the untrained start.
        kept: the row of `dev` that `best` reached.
    """

    step: int
    loss: list[float]
    dev: list[list[float]]
    best: State
    kept: int = 0

    @property
    def start(self) -> DevScores:
        """What the untrained start reaches."""
        return DevScores(*self.dev[0][1:])

    @property
    def end(self) -> DevScores:
        """What the weights that are delivered reach."""
        return DevScores(*self.dev[self.kept][1:])

    @property
    def gains(self) -> bool:
        """Whether the kept weights rank better or tell apart better than the start; a lower loss alone is a tie."""
        return self.end.ndcg > self.start.ndcg or self.end.accuracy > self.start.accuracy

    def write_curves(self, file: Path) -> None:
        """Write loss and dev scores as JSON, for the report."""
        write_text(file, json.dumps({"loss": self.loss, "dev": self.dev}) + "\n")


class Trainer(ABC):
    """Trains what learns of a model, keeping the weights that are best on the dev part.

    A step follows from its groups and the state before it, so a killed training goes on exactly.

    Args:
        weights: those that learn, by name; they are changed in place.
        optimizer: over them, and over what else a kind of training learns.
        groups: how many there are.
        settings: the recipe's section.
        checkpoint: file that a killed training goes on from.
        made_from: fingerprint of all that the training depends on; a checkpoint made from anything else is refused.
    """

    #: Share of the way from the start to the trained weights that is measured and delivered.
    blend = 1.0
    #: Measurements without a gain that end the training; 0 never does.
    patience = 0
    #: Whether this process writes the checkpoint.
    writes = True
    #: What a user does when memory runs out.
    relief = "lower train.batch_groups"

    def __init__(
        self,
        weights: Mapping[str, torch.nn.Parameter],
        optimizer: torch.optim.Optimizer,
        groups: int,
        settings: Train,
        checkpoint: Path,
        made_from: str,
    ) -> None:
        self.weights, self.optimizer, self.settings = weights, optimizer, settings
        self.checkpoint, self.made_from = checkpoint, made_from
        self.steps = math.ceil(groups * settings.epochs / settings.batch_groups)
        self.schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, self._find_rate)
        self.start = self.copy()

    @abstractmethod
    def go_on(self, course: Course, progress: Callable[[int, int], None]) -> None:
        """Take the steps that are left, each followed by `follow`."""

    @abstractmethod
    def measure(self) -> DevScores:
        """Measure the model as it is on the dev part."""

    def copy(self) -> State:
        """The weights that learn, apart from the model."""
        return {name: weight.detach().clone() for name, weight in self.weights.items()}

    def load(self, weights: State) -> None:
        """Give the weights that learn these values."""
        with torch.no_grad():
            for name, weight in self.weights.items():
                weight.copy_(weights[name])

    def pack(self) -> dict[str, Any]:
        """What a checkpoint holds beside course and weights."""
        return {"optimizer": self.optimizer.state_dict()}

    def unpack(self, content: Mapping[str, Any]) -> None:
        """Take over what `pack` gave."""
        self.optimizer.load_state_dict(content["optimizer"])

    def run(self, progress: Callable[[int, int], None]) -> Course:
        """Train to the end, from the last checkpoint if there is one; the model then holds the best weights.

        Raises:
            UserError: memory runs out; the checkpoint stays.
        """
        course = self.resume() or Course(0, [], [[0, *astuple(self.measure())]], {})
        try:
            self.go_on(course, progress)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            reason = one_line(error, 120)
            raise UserError(
                f"out of memory in step {course.step + 1} of {self.steps} ({reason}): {self.relief}; what was learned "
                "up to the last checkpoint is kept"
            ) from error
        self.load({**self.start, **course.best})
        return course

    def follow(self, course: Course, loss: float, progress: Callable[[int, int], None]) -> bool:
        """Record a step, measure and save where it is time to; whether the training is over."""
        every = max(1, math.ceil(self.steps / self.settings.evaluations))
        course.loss.append(loss)
        course.step += 1
        if course.step % every == 0 or course.step == self.steps:
            self._measure(course)
        over = self.is_over(course)
        if course.step % STEPS_PER_CHECKPOINT == 0 or over:
            self._save(course)
        progress(course.step, self.steps)
        return over

    def _find_rate(self, step: int) -> float:
        """Linear warm-up, then linear to zero."""
        warm = max(1, round(self.steps * self.settings.warmup_share))
        return min((step + 1) / warm, max(0.0, (self.steps - step) / max(1, self.steps - warm)), 1.0)

    def _measure(self, course: Course) -> None:
        """Measure the weights as they would be delivered, and keep them if they are the best."""
        trained = self.copy()
        delivered = mix(self.start, trained, self.blend)
        self.load(delivered)
        scores = self.measure()
        self.load(trained)
        if is_better(scores, course):
            course.best, course.kept = delivered, len(course.dev)
        course.dev.append([course.step, *astuple(scores)])

    def is_over(self, course: Course) -> bool:
        """All steps are done, or as many measurements as the recipe allows brought no gain."""
        losses = [row[3] for row in course.dev]
        stale = bool(self.patience) and len(losses) - 1 - losses.index(min(losses)) >= self.patience
        return course.step >= self.steps or stale

    def _save(self, course: Course) -> None:
        content = {
            "course": asdict(course),
            "weights": self.copy(),
            "schedule": self.schedule.state_dict(),
            **self.pack(),
        }
        if self.writes:
            write_checkpoint(self.checkpoint, self.made_from, content)

    def resume(self) -> Course | None:
        """Where the checkpoint was, if there is one of this very training; the model then holds its weights."""
        content = read_checkpoint(self.checkpoint, self.made_from)
        if content is None:
            return None
        self.load(content["weights"])
        self.schedule.load_state_dict(content["schedule"])
        self.unpack(content)
        return Course(**content["course"])


def mix(start: State, trained: State, share: float) -> State:
    """The way from the start to the trained weights, gone by `share`: keeps what the start knew of other documents."""
    return trained if share == 1 else {name: torch.lerp(start[name], own, share) for name, own in trained.items()}


def is_better(scores: DevScores, course: Course) -> bool:
    """Whether weights are the best so far; never if they rank or tell apart worse than the untrained start."""
    start = course.start
    ranks = scores.ndcg >= start.ndcg - NDCG_TOLERANCE
    return scores.loss < course.end.loss and ranks and scores.accuracy >= start.accuracy


def write_checkpoint(file: Path, made_from: str, content: Mapping[str, Any]) -> None:
    """Write a training's state.

    Args:
        file: replaced when the new one is there whole.
        made_from: fingerprint of all that the training depends on.
        content: tensors, numbers, texts, and lists and dictionaries of them.
    """
    with replacing(file) as temporary:
        torch.save({"made_from": f"{VERSION} {made_from}", **content}, temporary)
    sync(file, file.parent)


def read_checkpoint(file: Path, made_from: str) -> dict[str, Any] | None:
    """What `write_checkpoint` wrote, in host memory; None without one, or (with a warning) for another training.

    Raises:
        UserError: the file cannot be read.
    """
    if not file.is_file():
        return None
    try:
        content: dict[str, Any] = torch.load(file, map_location="cpu", weights_only=True)
        own = content["made_from"] == f"{VERSION} {made_from}"
    except Exception as error:
        raise UserError(f"{file} cannot be read: delete it and run again") from error
    if own:
        return content
    logger.warning("%s is of another training (other pages, queries, settings or version): begun anew", file)
    return None
