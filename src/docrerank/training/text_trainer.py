"""Training of text rerankers: a step over page-grouped batches, taken by the trainers of sentence-transformers."""

from __future__ import annotations

import contextlib
import ctypes
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import sentence_transformers
import torch
from torch import nn
from transformers import PrinterCallback, TrainerCallback

from docrerank.recipe import Train
from docrerank.reranker import PageCrossEncoder
from docrerank.retrieval import TokenEncoder, Vectors, find_heading, score_tokens
from docrerank.training.dev_part import DevPart, DevPlan, DevScores, plan_dev, rate
from docrerank.training.group_texts import Example
from docrerank.training.loop import MAX_GRADIENT, WEIGHT_DECAY, Course, Trainer
from docrerank.training.loss import GroupLoss, score_batch, score_cells

Scorer = TokenEncoder | PageCrossEncoder
#: The loss's own scale and bias learn this much faster than the model.
LOSS_RATE = 100.0
#: Queries of the dev part that a cross-encoder is measured with, and pages of each: it reads every pair.
CROSS_QUERIES, CROSS_PAGES = 80, 8


class TextTrainer(Trainer):
    """Trains a text reranker on examples.

    sentence-transformers' trainer for the model's class takes the steps; the batches are ours (a page is encoded once
    for all its queries), and so is the record of them, which a killed training goes on from exactly.

    Args:
        scorer: the base; its weights are changed in place. Word embeddings stay as they are.
        examples: in the order of training.
        dev: what measures progress.
        settings: the recipe's section.
        checkpoint: see `Trainer`.
        made_from: see `Trainer`.
    """

    def __init__(
        self,
        scorer: Scorer,
        examples: Sequence[Example],
        dev: DevPart,
        settings: Train,
        checkpoint: Path,
        made_from: str,
    ) -> None:
        self.scorer, self.examples, self.blend = scorer, examples, settings.blend
        self.plan = plan_text(scorer, dev)
        self.loss = GroupLoss(settings, isinstance(scorer, PageCrossEncoder))
        weights = freeze_words(scorer.model)
        own = {"params": list(self.loss.parameters()), "lr": settings.learning_rate * LOSS_RATE}
        groups = [{"params": list(weights.values()), "lr": settings.learning_rate}, own]
        optimizer = torch.optim.AdamW(groups, weight_decay=WEIGHT_DECAY)
        super().__init__(weights, optimizer, len(examples), settings, checkpoint, made_from)

    def run(self, progress: Callable[[int, int], None]) -> Course:
        """See `Trainer`; a tie on the dev part goes to the base."""
        course = super().run(progress)
        if not course.gains:
            course.best, course.kept = {}, 0
            self.load(self.start)
        return course

    def go_on(self, course: Course, progress: Callable[[int, int], None]) -> None:
        """See `Trainer`."""
        if not self.is_over(course):
            step = TrainerLoss(self)
            follow = _Follower(lambda: self.follow(course, step.last, progress))
            build_trainer(self.scorer.model, step, self.list_batches(course.step), follow, self).train()

    def list_batches(self, first: int) -> list[list[int]]:
        """Places of the examples of every step from this one on: after the last example comes the first again."""
        count, size = len(self.examples), self.settings.batch_groups
        return [[(step * size + at) % count for at in range(min(size, count))] for step in range(first, self.steps)]

    def measure(self) -> DevScores:
        """See `Trainer`."""
        scores = score_plan(self.scorer, self.plan)
        return rate(scores, self.plan, self.settings.temperature if isinstance(self.scorer, TokenEncoder) else 1.0)

    def pack(self) -> dict[str, Any]:
        """See `Trainer`."""
        return {**super().pack(), "loss": self.loss.state_dict()}

    def unpack(self, content: Mapping[str, Any]) -> None:
        """See `Trainer`."""
        super().unpack(content)
        self.loss.load_state_dict(content["loss"])


class TrainerLoss(nn.Module):
    """The loss of one step, as a trainer of sentence-transformers calls it; `last` is its latest value."""

    def __init__(self, trainer: TextTrainer) -> None:
        super().__init__()
        self.scorer, self.examples, self.group_loss, self.last = trainer.scorer, trainer.examples, trainer.loss, 0.0

    def forward(self, features: object, batch: Sequence[int]) -> torch.Tensor:
        """A scalar; `batch` holds places of examples."""
        self.scorer.model.eval()  # no dropout: a step then follows from its batch alone, and needs half the memory
        examples = [self.examples[place] for place in batch]
        loss: torch.Tensor = self.group_loss(score_examples(self.scorer, examples).cpu(), examples)
        self.last = round(float(loss.detach()), 6)
        return loss


def score_examples(scorer: Scorer, examples: Sequence[Example]) -> torch.Tensor:
    """The scores that a loss picks from, (queries, pages), with gradients."""
    return score_batch(scorer, examples) if isinstance(scorer, TokenEncoder) else score_cells(scorer, examples)


class _Follower(TrainerCallback):  # type: ignore[misc]
    """After each step: record it, and stop when told."""

    def __init__(self, follow: Callable[[], bool]) -> None:
        self.follow = follow

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        control.should_training_stop = self.follow()
        return_memory()


class _Collator:
    """A row of the data set is a step's batch already."""

    valid_label_columns = ("label",)

    def __call__(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        return {"label": rows[0]["batch"]}


def build_trainer(
    model: Any, loss: TrainerLoss, batches: Sequence[Sequence[int]], follow: TrainerCallback, course: TextTrainer
) -> Any:
    """sentence-transformers' trainer for a model's class, over these batches, with our optimiser and schedule."""
    name = type(model).__name__
    plain = getattr(sentence_transformers, f"{name}Trainer")
    arguments = getattr(sentence_transformers, f"{name}TrainingArguments")
    # The automatic model card looks into the data; ours holds no text of the pages.
    trainer = type("QuietTrainer", (plain,), {"add_model_card_callback": lambda self, defaults: None})
    data = datasets.Dataset.from_dict({"batch": [list(batch) for batch in batches]})
    settings = arguments(
        output_dir=str(course.checkpoint.parent / "trainer"),
        per_device_train_batch_size=1,
        max_steps=len(batches),
        max_grad_norm=MAX_GRADIENT,
        save_strategy="no",
        logging_strategy="no",
        report_to="none",
        disable_tqdm=True,
        dataloader_pin_memory=False,
        batch_sampler=_in_order,
    )
    made = trainer(
        model=model,
        args=settings,
        train_dataset=data,
        loss=loss,
        data_collator=_Collator(),
        callbacks=[follow],
        optimizers=(course.optimizer, course.schedule),
    )
    made.remove_callback(PrinterCallback)  # it prints to standard output, which holds results alone
    return made


def _in_order(data: Any, **_: Any) -> Any:
    return torch.utils.data.BatchSampler(torch.utils.data.SequentialSampler(data), 1, drop_last=False)


def plan_text(scorer: Scorer, dev: DevPart) -> DevPlan:
    """What of the dev part is scored: all of it by token vectors; few queries by a cross-encoder, with few pages."""
    if isinstance(scorer, TokenEncoder):
        return plan_dev(dev)
    queries = dev.queries[:CROSS_QUERIES]
    kept = {query.id for query in queries}
    negatives = tuple(query for query in dev.negatives if query.source_id in kept)
    return plan_dev(replace(dev, queries=queries, negatives=negatives), CROSS_PAGES)


def score_plan(scorer: Scorer, plan: DevPlan) -> Vectors:
    """The scores of a plan's pairs, in their order."""
    if not isinstance(scorer, TokenEncoder):
        texts = [(query.text, page.text) for query, page in plan.pairs]
        return scorer.score(texts, [find_heading(page) for _, page in plan.pairs])
    pages = {page.id: number for number, page in enumerate(plan.part.pages)}
    asked = {query.id: number for number, query in enumerate((*plan.part.queries, *plan.part.negatives))}
    if not asked:
        return np.zeros(0, np.float32)
    encoded = scorer.encode_pages([page.text for page in plan.part.pages], [find_heading(p) for p in plan.part.pages])
    questions = scorer.encode_queries([query.text for query in (*plan.part.queries, *plan.part.negatives)])
    matrix = score_tokens(questions, encoded)
    return matrix[[asked[query.id] for query, _ in plan.pairs], [pages[page.id] for _, page in plan.pairs]]


def freeze_words(model: nn.Module) -> dict[str, nn.Parameter]:
    """The weights that learn, by name: all but the embeddings, which a few thousand groups would only disturb."""
    words = {id(weight) for weight in model[0].auto_model.get_input_embeddings().parameters()}  # type: ignore[index]
    learning = {}
    for name, weight in model.named_parameters():
        weight.requires_grad_(".embeddings." not in name and id(weight) not in words)
        if weight.requires_grad:
            learning[name] = weight
    return learning


def return_memory() -> None:
    """Hand freed memory back: batches of ever new shapes would leave the heap in pieces, three times as large."""
    with contextlib.suppress(OSError, AttributeError):  # another C library than glibc
        ctypes.CDLL("libc.so.6").malloc_trim(0)
