"""Training of a vision-language reranker: what a step is, with pages drawn ahead and shared by their queries."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate.utils import reduce

from docrerank.recipe import Recipe
from docrerank.retrieval import Vectors
from docrerank.training.dev_part import DevPlan, DevScores, plan_dev, rate
from docrerank.training.loop import MAX_GRADIENT, Course, State, Trainer
from docrerank.training.training_data import Material
from docrerank.vision import PageCache, VisionReranker, packed_logits
from docrerank.vision.adapt import computes_in_half, list_weights
from docrerank.vision.backbone import core_of
from docrerank.vision.draw_ahead import count_workers
from docrerank.vision.load_vision import Parts
from docrerank.vision.loader import Piece, PieceStream, Route, load_pieces
from docrerank.vision.losses import choose_loss
from docrerank.vision.processes import join_notes

logger = logging.getLogger(__name__)
#: Score of a page that cannot be drawn: below every other.
UNREADABLE = -100.0


class VisionTrainer(Trainer):
    """Trains what learns of a vision-language model; several processes share each step.

    Args:
        parts: from `load_learner`; its weights are changed in place.
        material: groups, pages and the dev part.
        recipe: the run's; sections `train` and `vision`, and the seed.
        checkpoint: see `Trainer`; a killed training goes on in as many processes as then are there.
        made_from: see `Trainer`.
        processes: accelerate's state of those that share a step.

    Attributes:
        plan: the pairs that measure progress.
        unreadable: why pages were left out, by id; those that this process met, before its checkpoint too.
    """

    def __init__(
        self,
        parts: Parts,
        material: Material,
        recipe: Recipe,
        checkpoint: Path,
        made_from: str,
        processes: Any,
    ) -> None:
        self.parts, self.material, self.recipe, self.processes = parts, material, recipe, processes
        self.loss = choose_loss(recipe.vision.loss, recipe.train.positive_weight)
        self.plan = plan_dev(material.dev, recipe.vision.dev_candidates)
        # Nothing is cached, for the weights go on changing.
        self.reranker = VisionReranker(parts, PageCache(), page_text=recipe.vision.page_text > 0)
        self.unreadable: dict[str, str] = {}
        self.patience, self.writes = recipe.vision.patience, processes.is_main_process
        self.relief = (
            f"set vision.micro_tokens below {recipe.vision.micro_tokens} (a page has up to "
            f"{recipe.vision.pixels // 784} tokens, see vision.pixels)"
        )
        self.device_type = processes.device.type
        self.half = computes_in_half(recipe.vision, self.device_type)
        if self.half and self.device_type == "cuda":  # measuring has no autocast: there the adapters take TF32
            torch.set_float32_matmul_precision("high")
        weights, settings = list_weights(parts.model), recipe.train
        decay = recipe.vision.weight_decay
        optimizer = torch.optim.AdamW(list(weights.values()), settings.learning_rate, weight_decay=decay)
        super().__init__(weights, optimizer, len(material.groups), settings, checkpoint, made_from)

    def go_on(self, course: Course, progress: Callable[[int, int], None]) -> None:
        """See `Trainer`."""
        for loss in () if self.is_over(course) else self._take_steps(course.step):
            if self.follow(course, loss, progress):
                break

    def _take_steps(self, first: int) -> Iterator[float]:
        """Take the steps from this one on, each over with its last piece; yield each one's loss."""
        loss = 0.0
        for piece in self._load_pieces(first):
            loss += self._learn(piece)
            if piece.last:
                yield self._finish(loss)
                loss = 0.0

    def measure(self) -> DevScores:
        """See `Trainer`."""
        who, pages = self.processes, list(dict.fromkeys(page.id for _, page in self.plan.pairs))
        own = {page for number, page in enumerate(pages) if number % who.num_processes == who.process_index}
        scores = torch.from_numpy(score_plan(self.reranker, self.plan, own)).to(who.device)
        return rate(reduce(scores, "sum").cpu().numpy(), self.plan)

    def copy(self) -> State:
        """See `Trainer`: in host memory."""
        return {name: weight.detach().cpu().clone() for name, weight in self.weights.items()}

    def pack(self) -> dict[str, Any]:
        """See `Trainer`."""
        return {**super().pack(), "unreadable": join_notes(self.unreadable)}

    def unpack(self, content: Mapping[str, Any]) -> None:
        """See `Trainer`."""
        super().unpack(content)
        self.unreadable = dict(content["unreadable"])

    def _load_pieces(self, step: int) -> Any:
        vision, who, size = self.recipe.vision, self.processes, self.settings.batch_groups
        groups = [group.group for group in self.material.groups]
        draw = (vision.page_text, self.recipe.seed)
        route = Route(groups, size, self.steps, who.process_index, who.num_processes, vision.micro_tokens, *draw)
        reader, dtype = self.parts.reader, core_of(self.parts.model).dtype
        stream = PieceStream(route, self.material.pages, reader, self.loss, step, dtype)
        piece = vision.micro_tokens * reader.token_values * dtype.itemsize
        return load_pieces(stream, count_workers(vision.loader_workers, who.num_processes, piece))

    def _learn(self, piece: Piece) -> float:
        """Add a piece's gradients; returns its share of the step's loss."""
        for page, reason in piece.unreadable.items():
            logger.warning("a page is left out of step %d: %s", piece.step + 1, reason)
            self.unreadable[page] = reason
        self.parts.model.train()
        if not piece.pairs:
            return 0.0
        torch.manual_seed(
            hash((self.recipe.seed, piece.step, piece.number, self.processes.process_index)) % 2**63
        )  # dropout
        with torch.autocast(self.device_type, torch.bfloat16, enabled=self.half, cache_enabled=False):
            logits = packed_logits(self.parts.model, self.parts.head(), piece.pages, piece.queries)
        loss = self.loss.compute(logits, piece.pairs) / piece.total
        loss.backward()  # type: ignore[no-untyped-call]
        return float(loss.detach())

    def _finish(self, loss: float) -> float:
        """Sum gradients over the processes, take the step, give its loss."""
        weights = list(self.weights.values())
        for weight in weights:
            weight.grad = reduce(torch.zeros_like(weight) if weight.grad is None else weight.grad, "sum")
        total = reduce(torch.tensor([loss], dtype=torch.float64, device=self.processes.device), "sum")
        torch.nn.utils.clip_grad_norm_(weights, MAX_GRADIENT)
        self.optimizer.step()
        self.schedule.step()
        self.optimizer.zero_grad()
        return round(float(total), 6)


def score_plan(reranker: VisionReranker, plan: DevPlan, own: Collection[str] | None = None) -> Vectors:
    """Logit differences of a plan's pairs; 0 for pages, by id, that are not among one's own."""
    scores = np.zeros(len(plan.pairs), np.float32)
    places = [place for place, (_, page) in enumerate(plan.pairs) if own is None or page.id in own]
    found = reranker.score([(plan.pairs[place][0].text, plan.pairs[place][1]) for place in places])
    scores[places] = np.nan_to_num(found.values, nan=UNREADABLE)
    return scores
