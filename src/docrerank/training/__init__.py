"""Training: groups, the mixture, losses, the loop, the delivered model."""

from __future__ import annotations

from docrerank.training.teacher import label
from docrerank.training.train_run import made_from, train
from docrerank.training.training_groups import Group, build_groups, join_families, read_families

__all__ = ["Group", "build_groups", "join_families", "label", "made_from", "read_families", "train"]
