"""Training: groups, the mixture, losses, the loop, the delivered model."""

from __future__ import annotations

from docrerank.training.groups import Group, build_groups
from docrerank.training.stage import made_from, train

__all__ = ["Group", "build_groups", "made_from", "train"]
