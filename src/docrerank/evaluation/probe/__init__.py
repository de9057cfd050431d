"""What a model confuses: near misses on held-out pages, and when to say no."""

from __future__ import annotations

from docrerank.evaluation.probe.calibrate import calibrate
from docrerank.evaluation.probe.probe import Case, Probed, ProbeSet, compare_probed, find_cases, find_worst, probe

__all__ = [
    "Case",
    "ProbeSet",
    "Probed",
    "calibrate",
    "compare_probed",
    "find_cases",
    "find_worst",
    "probe",
]
