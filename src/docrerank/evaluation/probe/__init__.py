"""What a model confuses: near misses on held-out pages, shortcuts in the wording, and when to say no."""

from __future__ import annotations

from docrerank.evaluation.probe.calibrate import calibrate
from docrerank.evaluation.probe.probe import Case, Probed, ProbeSet, compare_probed, find_cases, find_worst, probe
from docrerank.evaluation.probe.shortcut import Shortcut, try_shortcuts

__all__ = [
    "Case",
    "ProbeSet",
    "Probed",
    "Shortcut",
    "calibrate",
    "compare_probed",
    "find_cases",
    "find_worst",
    "probe",
    "try_shortcuts",
]
