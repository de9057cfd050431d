"""The method taken apart: which kind of negatives, verified or not, how many, and what each is worth."""

from __future__ import annotations

from docrerank.evaluation.ablation.ablate import ablate
from docrerank.evaluation.ablation.arms import ARMS, PRESETS, Arm, find_arms
from docrerank.evaluation.ablation.plot import draw
from docrerank.evaluation.ablation.summary import Ablation, ArmResult, ArmScores, Skipped
from docrerank.evaluation.ablation.table import render_markdown

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
