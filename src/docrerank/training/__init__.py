"""Training: groups, the mixture, losses, the loop, the delivered model."""

from __future__ import annotations

from docrerank.runs import Split, split_pages
from docrerank.training.groups import Group, build_groups
from docrerank.training.stage import made_from, train

__all__ = ["Group", "Split", "build_groups", "made_from", "split_pages", "train"]
