"""Training of a vision-language base: the steps, which several processes may share, and what is delivered."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate.utils import reduce

from docrerank.recipe import Recipe, dump_recipe
from docrerank.records import Rejected
from docrerank.retrieval import ModelCard, Threshold, Vectors
from docrerank.runs import Run
from docrerank.training.calibration import LOGITS, fit_threshold
from docrerank.training.deliver import take_place, write_readme
from docrerank.training.dev_part import DevPlan, DevScores, plan_dev, rate
from docrerank.training.loop import MAX_GRADIENT, NDCG_TOLERANCE, Course, State, Trainer
from docrerank.training.training_data import Material, count
from docrerank.vision import PageCache, VisionReranker, packed_logits, save_reranker
from docrerank.vision.adapt import computes_in_half, list_weights, load_learner
from docrerank.vision.backbone import core_of
from docrerank.vision.draw_ahead import count_workers
from docrerank.vision.load_vision import Parts
from docrerank.vision.loader import Piece, PieceStream, Route, load_pieces
from docrerank.vision.losses import choose_loss
from docrerank.vision.processes import join_notes, join_processes, leave_processes

logger = logging.getLogger(__name__)
STAGE = "train"
#: Warns if saving raises the dev loss by more than this share.
LOSS_TOLERANCE = 0.02
#: Documents that the README names; the rest is counted.
MAX_DOCUMENTS = 100
ASKS = """`CrossEncoder("this folder").rank("what were net sales in 2020?",
[image])` with images, paths or URLs. It reads the image of a page, then a query, and says whether the page answers."""
LINEAGE = """
The files were:

{documents}

Queries by writer: {writers}.

## Recipe
```yaml
{recipe}```
Made from `{origin}`; {versions}.
"""
#: Score of a page that cannot be drawn: below every other.
UNREADABLE = -100.0


def train_vision(run: Run, origin: str, material: Material, progress: Callable[[int, int], None]) -> dict[str, Any]:
    """Train `train.base` on the run's groups; the first process writes RUN/model and the curves.

    Args:
        run: where the model goes.
        origin: fingerprint of all that the model depends on.
        material: of the run.
        progress: called with (steps done, steps in all).

    Returns:
        Counts of the stage.

    Raises:
        UserError: the base cannot be trained, or memory runs out.
    """
    state, recipe, folder = join_processes(), run.recipe, run.path / "training"
    parts = load_learner(recipe.train.base, recipe.vision, str(state.device), recipe.seed)
    trainer = VisionTrainer(parts, material, recipe, folder / "checkpoint.pt", origin, state)
    course = trainer.run(progress)
    counts, lost = count(material, course), join_notes(trainer.unreadable)
    if state.is_main_process:
        course.write_curves(folder / "curves.json")
        rows = [Rejected(STAGE, page, "page cannot be drawn", why, page) for page, why in sorted(lost.items())]
        run.rejected(STAGE).write(STAGE, rows, origin)
        counts |= deliver(run, origin, trainer, course, counts)
    leave_processes(state)
    return counts


def deliver(run: Run, origin: str, trainer: VisionTrainer, course: Course, counts: dict[str, Any]) -> dict[str, Any]:
    """Save beside RUN/model, measure what was saved, then let it take its place; counts of the saved model."""
    parts, device = trainer.parts, str(trainer.processes.device)
    with take_place(run.model) as partial:
        save_reranker(parts, partial, form=run.recipe.vision.save)
        page_text, strip = run.recipe.vision.page_text > 0, run.recipe.generate.title_strip
        own = ModelCard(made_from=origin, page_text=page_text, title_strip=strip)
        own.write(partial)
        parts.model.to("cpu")  # room for the saved one
        saved, threshold = measure_saved(partial, trainer, device)
        replace(own, relevance_threshold=threshold).write(partial)
        scores, lineage = (course.start, saved), describe_lineage(run, origin)
        names = {"base": run.recipe.train.base, "tag": "cross-encoder", "how": ASKS, "lineage": lineage}
        readme = write_readme(run, trainer.material.dev, scores, counts, **names)
        (partial / "README.md").write_text(readme, "utf-8")
    tell_difference(course.end, saved)
    return {
        "dev_ndcg_saved": round(saved.ndcg, 4),
        "dev_accuracy_saved": round(saved.accuracy, 4),
        "relevance_threshold": round(threshold.relevance, 4) if threshold else None,
    }


def measure_saved(folder: Path, trainer: VisionTrainer, device: str) -> tuple[DevScores, Threshold | None]:
    """What a saved folder reaches on the dev part, loaded as anyone loads it, and its threshold of relevance."""
    if device != "cpu":
        torch.cuda.empty_cache()
    reranker, plan = VisionReranker.from_pretrained(folder, device=device), trainer.plan
    scores = score_plan(reranker, plan)
    return rate(scores, plan), fit_threshold(scores, plan, LOGITS, trainer.settings.false_answer_rate)


def describe_lineage(run: Run, origin: str) -> str:
    """Where a model comes from: documents by hash, writers of queries, recipe and versions."""
    counts = Counter(zip(run.pages.column("document"), run.pages.column("sha256"), strict=True))
    lines = [f"- {name}: {count} pages, sha256 `{digest}`" for (name, digest), count in sorted(counts.items())]
    if len(lines) > MAX_DOCUMENTS:
        lines[MAX_DOCUMENTS:] = [f"- and {len(lines) - MAX_DOCUMENTS} more"]
    writers = Counter(writer or "unnamed" for writer in run.queries.column("writer"))
    return LINEAGE.format(
        documents="\n".join(lines),
        writers=", ".join(f"{name} {count}" for name, count in sorted(writers.items())),
        recipe=dump_recipe(run.recipe),
        origin=origin,
        versions=", ".join(f"{name} {value}" for name, value in run.manifest.read().get("versions", {}).items()),
    )


def tell_difference(trained: DevScores, saved: DevScores) -> None:
    """Warn if saving lost some of what was learned: bfloat16 rounds a small change of a weight away."""
    lost = trained.ndcg - saved.ndcg > NDCG_TOLERANCE or saved.loss > trained.loss * (1 + LOSS_TOLERANCE)
    if lost:
        logger.warning(
            "the saved model reaches NDCG@5 %.4f, accuracy %.4f and loss %.4f on the dev part, in training %.4f, %.4f "
            "and %.4f: vision.save=float32 or vision.save=adapter keeps what saving rounds away",
            *(saved.ndcg, saved.accuracy, saved.loss, trained.ndcg, trained.accuracy, trained.loss),
        )


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
