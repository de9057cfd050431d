"""The names of systems, in tables, on the command line and in `evaluation.json`.

Of those that a run is compared by, `untrained` is MiniLM as it comes; the first stage adds BM25 and the best window,
fusion late interaction too. The rows that say so, the candidates and the trained fusion also prefer the pages that a
question names outright. `docrerank-mini` and `trained` bring late interaction of their own; the windows beside it are
MiniLM's.
"""

from __future__ import annotations

from docrerank.retrieval import MINI

#: Put to any benchmark without a model, beside models: BM25, chance, the judgements themselves.
PLAIN_BM25, RANDOM, ORACLE = BASELINES = ("bm25", "random", "oracle")

BM25_LAYER = "BM25 (text layer only)"
BM25 = "BM25 (with OCR)"
WINDOW = "untrained best window"
TOKENS = "untrained late interaction"
FIRST_STAGE = "untrained first stage"
FUSION = "untrained fusion"
NAMED = "untrained fusion, named pages"
#: The base of a vision-language model, so that training's gain is told from its base's.
UNTRAINED_VISION = "untrained vision model"
STARTED = f"{MINI} late interaction"
STARTED_FUSED = f"{MINI} fusion, named pages"
TRAINED = "trained"
TRAINED_FUSED = "trained, fused"
TRAINED_ALL = "trained, every page"
TRAINED_FUSED_ALL = "trained, fused, every page"
