"""The names of systems, in tables, on the command line and in `evaluation.json`.

`untrained` is MiniLM as it comes; the first stage adds BM25 and the best window, fusion late interaction too. Fused
rows also put pages first that a question names outright, where they say so or reorder the candidates. The start and
`trained` bring late interaction of their own; the windows beside it are MiniLM's.
"""

from __future__ import annotations

from docrerank.retrieval import MINI, UNTRAINED

#: Put to any benchmark without a model, beside models: BM25, chance, the judgements themselves.
PLAIN_BM25, RANDOM, ORACLE = BASELINES = ("bm25", "random", "oracle")

BM25 = "BM25 (with OCR)"
WINDOW = "untrained best window"
TOKENS = "untrained late interaction"
FIRST_STAGE = "untrained first stage"
FUSION = "untrained fusion"
NAMED = "untrained fusion, named pages"
UNTRAINED_VISION = "untrained vision model"
#: The start's fusion among the candidates, as a search does it.
STARTED_SEARCH = {MINI: f"{MINI}, fused", UNTRAINED: f"{UNTRAINED}, fused"}
TRAINED = "trained"
TRAINED_FUSED = "trained, fused"
