"""Run by torchrun: gradients of one step, with weights cut over the processes, written whole by the first.

Arguments: run folder, file for the gradients, `sum` or `mean`, device.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from torch.distributed.tensor import DTensor

from docrerank.records import Page
from docrerank.reranker.vision.backbone import core_of
from docrerank.runs import Run
from docrerank.training import split_pages
from docrerank.training.vision.dev import plan_dev
from docrerank.training.vision.loop import Material, VisionTrainer
from docrerank.training.vision.processes import Processes
from docrerank.training.vision.sharding import gather
from docrerank.training.vision.stage import load_shared, prepare


def main(folder: str, target: str, reduction: str) -> None:
    run, processes = Run.open(folder), Processes.join()
    pages: list[Page] = list(run.pages.read())
    split = split_pages(pages, run.recipe.train.dev_share, run.recipe.seed)
    groups, dev = prepare(run, pages, list(run.queries.read()), split)
    parts = load_shared(run.recipe, processes)
    if reduction == "mean":
        for layer in core_of(parts.model).language_model.layers:
            layer.set_gradient_divide_factor(float(processes.world))
    material = Material(groups, {page.id: page for page in pages}, plan_dev(dev, 3))
    trainer = VisionTrainer(parts, material, run.recipe, Path("none"), "origin", processes)
    counts = {"pieces": 0, "empty": 0}
    for piece in trainer._load_pieces(0):
        counts["pieces"] += 1
        counts["empty"] += not piece.pairs
        trainer._learn(piece)
        if piece.last:
            break
    gradients = {name: weight.grad for name, weight in trainer.weights.items()}
    cut = sum(isinstance(gradient, DTensor) for gradient in gradients.values())
    whole = {name: gather(gradient) for name, gradient in gradients.items()}
    processes.sum([gradient for name, gradient in whole.items() if not isinstance(gradients[name], DTensor)])
    everyone = torch.tensor([counts["pieces"], counts["empty"]])
    processes.sum([everyone])
    if not processes.rank:
        torch.save({"gradients": whole, "cut": cut, "pieces": everyone.tolist()}, target)
    processes.leave()


if __name__ == "__main__":
    main(*sys.argv[1:4])
