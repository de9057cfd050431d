"""A process that evaluates a model and dies at a certain step, as `kill -9` would have it."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from docrerank.evaluation import Settings, evaluate_models
from docrerank.vision import VisionReranker, vision_reranker


def main(model: str, benchmark: str, out: str, steps: str) -> None:
    """Evaluate; the process is killed when it is given the results of this many steps."""
    torch.set_num_threads(1)
    plain = VisionReranker.stream

    def stream(self: VisionReranker, pairs: Any, workers: int = 0) -> Iterator[Any]:
        for number, found in enumerate(plain(self, pairs, workers)):
            if number == int(steps):
                os.kill(os.getpid(), signal.SIGKILL)
            yield found

    vision_reranker.STEP = 2
    VisionReranker.stream = stream  # type: ignore[method-assign, assignment]
    evaluate_models([model], benchmark, Settings(Path(out), "bm25", resamples=50))


if __name__ == "__main__":
    main(*sys.argv[1:])
