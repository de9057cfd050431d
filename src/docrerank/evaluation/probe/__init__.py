"""What a model confuses: near misses on held-out pages, and when to say no."""

from __future__ import annotations

from docrerank.evaluation.probe.near_misses import (
    Case,
    Probed,
    ProbeSet,
    compare_probed,
    find_cases,
    find_worst,
    probe,
)
from docrerank.evaluation.probe.relevance_threshold import calibrate

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
