"""Mined page negatives: the wrong pages that a first stage finds for a query."""

from __future__ import annotations

from docrerank.mining.candidates import Miner
from docrerank.mining.exclusions import Exclusions, is_above_margin
from docrerank.mining.mine import made_from, mine

__all__ = ["Exclusions", "Miner", "is_above_margin", "made_from", "mine"]
