"""Mined page negatives: the wrong pages that a first stage finds for a query."""

from __future__ import annotations

from docrerank.mining.bm25 import Bm25
from docrerank.mining.candidates import Miner
from docrerank.mining.exclude import Exclusions, is_above_margin
from docrerank.mining.first_stage import FirstStage
from docrerank.mining.fusion import FusionWeights, fuse, order, standardise
from docrerank.mining.large_stage import LargeFirstStage
from docrerank.mining.named import NamedPages
from docrerank.mining.repeats import find_repeats
from docrerank.mining.run_index import fill_store, is_large, open_index
from docrerank.mining.stage import made_from, mine

__all__ = [
    "Bm25",
    "Exclusions",
    "FirstStage",
    "FusionWeights",
    "LargeFirstStage",
    "Miner",
    "NamedPages",
    "fill_store",
    "find_repeats",
    "fuse",
    "is_above_margin",
    "is_large",
    "made_from",
    "mine",
    "open_index",
    "order",
    "standardise",
]
