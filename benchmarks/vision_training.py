"""A training step of a vision-language reranker, against CrossEncoderTrainer on the same groups.

A group is one page with its positive and its hard negatives. Both train the same form of LoRA on the same random
weights (nothing here says anything about ranking quality), draw the same image files and take the same number of
steps, one group each. Ratios are of CPU seconds on one thread, with drawing and optimiser, without loading.

    python benchmarks/vision_training.py [--queries 4 8 16] [--steps 2] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
sys.path.insert(0, str(Path(__file__).parent))
from fixtures import tiny_vision as tiny
from vision_scoring import draw_page

from docrerank.pages import read_files
from docrerank.recipe import Recipe, parse_recipe
from docrerank.records import Page, TrainingGroup
from docrerank.runs.split import Split
from docrerank.training import Group
from docrerank.training.dev_part import DevPart
from docrerank.training.training_data import Material
from docrerank.training.vision_trainer import VisionTrainer
from docrerank.vision import save_reranker
from docrerank.vision.adapt import LANGUAGE, load_learner
from docrerank.vision.processes import join_processes

GEOMETRY = {"width": 256, "layers": 6, "vision_width": 192, "vision_layers": 3}
#: 21 x 35 visual tokens.
SIDE = (588, 980)
AIMS = {4: 3.0, 8: 6.0, 16: 10.0}
RANK, RATE = 16, 1e-4
WARM_STEPS = 1


def main() -> None:
    """Measure and print."""
    options = parse_options()
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")
    logging.getLogger("transformers").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as folder:
        base = make_base(Path(folder))
        pages = make_pages(Path(folder), options.steps + WARM_STEPS)
        rows = [measure(base, pages, count, options.steps) for count in options.queries]
    report(rows)
    if options.json:
        options.json.write_text(json.dumps({"geometry": GEOMETRY, "rows": rows}, indent=2) + "\n")


def measure(base: Path, pages: list[Page], count: int, steps: int) -> dict[str, Any]:
    """CPU seconds of a step of both, and how far their first losses differ."""
    groups = [make_group(page, count) for page in pages]
    trainer = make_ours(base, pages, groups)
    ours, losses = time_ours(trainer, steps)
    theirs, expected = time_theirs(trainer, pages, groups, steps)
    # Theirs is a mean over pairs, ours over weights, of which the positive has three.
    scaled = losses[0] * (count + 2) / count
    return {
        "queries a page": count,
        "prefix tokens": len(read_page(trainer, pages[0]).ids),
        "query tokens": len(ask(trainer, groups[0].queries[0])),
        "ours, s a step": ours,
        "CrossEncoderTrainer, s a step": theirs,
        "ratio": theirs / ours,
        "aim": AIMS.get(count, float("nan")),
        "difference of the first loss": abs(scaled - expected[0]),
    }


def make_base(folder: Path) -> Path:
    """Random weights of Qwen2-VL's form, saved as a base model."""
    tokenizer = tiny.make_tokenizer()
    model = tiny.make_model("qwen2_vl", tokenizer, **GEOMETRY)
    return tiny.save_base(folder / "base", "qwen2_vl", model, tokenizer)


def make_pages(folder: Path, count: int) -> list[Page]:
    """Image files as pages."""
    (folder / "pages").mkdir()
    for number in range(count):
        draw_page(number, *SIDE).save(folder / "pages" / f"page{number}.png")
    return list(read_files([folder / "pages"])[0])


def make_group(page: Page, count: int) -> TrainingGroup:
    """A positive and its hard negatives."""
    queries = tuple(f"net sales in {2000 + number}" for number in range(count))
    return TrainingGroup("generated", queries, (page.id,))


def make_ours(base: Path, pages: list[Page], groups: list[TrainingGroup]) -> VisionTrainer:
    """The trainer, without a dev part."""
    recipe = make_recipe(base, len(groups))
    ids = frozenset(page.id for page in pages)
    own = tuple(Group(group, "") for group in groups)
    split, dev = Split("document", ids, frozenset()), DevPart((), (), ())
    material = Material({page.id: page for page in pages}, split, own, dev)
    parts = load_learner(str(base), recipe.vision, "cpu", recipe.seed)
    return VisionTrainer(parts, material, recipe, Path("no-checkpoint"), "", join_processes())


def make_recipe(base: Path, groups: int) -> Recipe:
    """One group a step."""
    train = {"base": str(base), "groups": groups, "batch_groups": 1, "learning_rate": RATE, "warmup_share": 0.0}
    lora = {"lora_rank": RANK, "lora_alpha": RANK, "lora_dropout": 0.0, "gradient_checkpointing": False}
    vision = {**lora, "pixels": SIDE[0] * SIDE[1], "loader_workers": 0}
    return parse_recipe({"train": train, "vision": vision}, "benchmark")


def time_ours(trainer: VisionTrainer, steps: int) -> tuple[float, list[float]]:
    """CPU seconds of a step, and the losses."""
    trainer._save = lambda course: None  # type: ignore[method-assign]
    clock = StepClock()
    course = trainer.run(lambda done, total: clock.tick(done))
    return clock.mean(steps), course.loss


def time_theirs(
    trainer: VisionTrainer, pages: list[Page], groups: list[TrainingGroup], steps: int
) -> tuple[float, list[float]]:
    """The same steps by CrossEncoderTrainer, with the loss over the same weighted pairs."""
    import peft
    import pytest
    from sentence_transformers.cross_encoder import CrossEncoderTrainer, losses

    with tempfile.TemporaryDirectory() as folder:
        plain_parts = load_learner(trainer.recipe.train.base, trainer.recipe.vision, "cpu", 13)
        saved = save_reranker(plain_parts, Path(folder) / "saved")
        model = tiny.load_cross_encoder(saved, pytest.MonkeyPatch())
        model.add_adapter(peft.LoraConfig(r=RANK, lora_alpha=RANK, lora_dropout=0.0, target_modules=LANGUAGE))
        clock = StepClock()
        loss = losses.BinaryCrossEntropyLoss(model, pos_weight=torch.tensor(3.0))
        dataset = make_dataset(pages, groups)
        other = CrossEncoderTrainer(
            model=model,
            args=make_arguments(Path(folder), len(groups[0].queries), len(groups)),
            train_dataset=dataset,
            loss=loss,
            callbacks=[make_callback(clock)],
        )
        other.train()
    logged = [row["loss"] for row in other.state.log_history if "loss" in row]
    return clock.mean(steps), logged


def make_dataset(pages: list[Page], groups: list[TrainingGroup]) -> Any:
    """One row for each pair, the image as a file that is decoded when the row is taken."""
    import datasets

    sources = {page.id: page.source for page in pages}
    rows = [
        (query, sources[page], index == 0) for group in groups for index, (query, page) in enumerate(group.pairs())
    ]
    columns = {
        "query": [query for query, _, _ in rows],
        "image": [source for _, source, _ in rows],
        "label": [float(label) for _, _, label in rows],
    }
    return datasets.Dataset.from_dict(columns).cast_column("image", datasets.Image())


def make_arguments(folder: Path, size: int, steps: int) -> Any:
    """A batch is a group, in the order given."""
    from sentence_transformers.base.sampler import DefaultBatchSampler
    from sentence_transformers.cross_encoder import CrossEncoderTrainingArguments

    class InOrder(DefaultBatchSampler):
        def __iter__(self) -> Any:
            count = len(self.sampler)
            return iter([list(range(start, start + size)) for start in range(0, count, size)])

    return CrossEncoderTrainingArguments(
        output_dir=str(folder / "out"),
        per_device_train_batch_size=size,
        max_steps=steps,
        learning_rate=RATE,
        batch_sampler=InOrder,
        logging_steps=1,
        save_strategy="no",
        report_to="none",
        use_cpu=True,
        disable_tqdm=True,
    )


def make_callback(clock: StepClock) -> Any:
    """Tells the clock of every step of transformers' loop."""
    from transformers import TrainerCallback

    class Tick(TrainerCallback):
        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            clock.tick(state.global_step)

    return Tick()


class StepClock:
    """CPU seconds between the ends of steps; the first steps only warm up."""

    def __init__(self) -> None:
        self.ends: list[float] = []

    def tick(self, step: int) -> None:
        """A step has ended."""
        self.ends.append(time.process_time())

    def mean(self, steps: int) -> float:
        """Seconds of a step, over the last `steps`."""
        return float(np.diff(self.ends)[-steps:].mean())


def read_page(trainer: VisionTrainer, page: Page) -> Any:
    """A page as the model reads it."""
    from docrerank.vision.images import open_page

    return trainer.parts.reader.read(open_page(page, trainer.parts.reader.pixels))


def ask(trainer: VisionTrainer, query: str) -> list[int]:
    """Token ids behind the page."""
    return trainer.parts.reader.prompt.suffix_ids(query, "")


def report(rows: list[dict[str, Any]]) -> None:
    """Print as a table, a column for each number of queries."""
    print(f"random weights, Qwen2-VL's form, {GEOMETRY}; LoRA rank {RANK}; one thread; torch {torch.__version__}")
    for key in rows[0]:
        print(f"  {key:32}" + "".join(f"{row[key]:12.4g}" for row in rows))


def parse_options() -> argparse.Namespace:
    """Options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--queries", type=int, nargs="+", default=[4, 8, 16])
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
