"""The method taken apart: arms are runs whose recipes differ in one thing, trained at one size and compared."""

from __future__ import annotations

from docrerank.evaluation.ablation.arms import PRESETS, find_arms
from docrerank.evaluation.ablation.compare import Ablation, render_markdown
from docrerank.evaluation.ablation.train_arms import ablate

__all__ = ["PRESETS", "Ablation", "ablate", "find_arms", "render_markdown"]
