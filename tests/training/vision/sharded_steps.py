"""Run by torchrun: gradients of one step, with weights cut over the processes, written whole by the first.

Arguments: run folders; the gradients go to RUN/sum and, as means, to RUN/mean.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from torch.distributed.tensor import DTensor

from docrerank.runs import Run
from docrerank.training.training_data import gather as gather_material
from docrerank.training.vision_train import load_shared
from docrerank.training.vision_trainer import VisionTrainer
from docrerank.vision.backbone import core_of
from docrerank.vision.processes import Processes
from docrerank.vision.sharding import gather


def write_gradients(run: Run, processes: Processes, mean: bool) -> None:
    parts = load_shared(run.recipe, processes)
    if mean:
        for layer in core_of(parts.model).language_model.layers:
            layer.set_gradient_divide_factor(float(processes.world))
    trainer = VisionTrainer(parts, gather_material(run), run.recipe, Path("none"), "origin", processes)
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
        found = {"gradients": whole, "cut": cut, "pieces": everyone.tolist()}
        torch.save(found, run.path / ("mean" if mean else "sum"))


def main(folders: list[str]) -> None:
    processes = Processes.join()
    for folder in folders:
        for mean in (False, True):
            write_gradients(Run.open(folder), processes, mean)
    processes.leave()


if __name__ == "__main__":
    main(sys.argv[1:])
