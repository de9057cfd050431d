"""Training: groups, the mixture, losses, the loop, the delivered model."""

from __future__ import annotations

from docrerank.training.groups import Group, build_groups, join_families, read_families
from docrerank.training.teacher import label
from docrerank.training.train import made_from, train

__all__ = ["Group", "build_groups", "join_families", "label", "made_from", "read_families", "train"]
