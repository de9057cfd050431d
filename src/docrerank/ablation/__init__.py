"""The method taken apart: which kind of negatives, verified or not, how many, and what each is worth."""

from __future__ import annotations

from docrerank.ablation.arms import ARMS, PRESETS, Arm, find_arms
from docrerank.ablation.plot import draw
from docrerank.ablation.stage import ablate
from docrerank.ablation.summary import Ablation, ArmResult, ArmScores, Skipped
from docrerank.ablation.table import render_markdown

__all__ = [
    "ARMS",
    "PRESETS",
    "Ablation",
    "Arm",
    "ArmResult",
    "ArmScores",
    "Skipped",
    "ablate",
    "draw",
    "find_arms",
    "render_markdown",
]
