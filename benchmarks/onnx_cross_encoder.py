"""A text cross-encoder in torch, as it is served, against the same one in ONNX Runtime in float32 and int8.

python benchmarks/onnx_cross_encoder.py [ROUNDS]     # one thread; seed 13; needs: pip install onnx onnxscript

MiniLM with a head of random weights scores 20 windows of the sample documents for one query, in turns within one run;
CPU seconds. The error is the largest difference of a logit, beside the spread of the logits, and the share of pairs of
windows that keep their order.
"""

from __future__ import annotations

import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
import onnxruntime
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from docrerank.pages import read_files
from docrerank.retrieval import minilm_folder

SEED, WINDOWS = 13, 20
CORPUS = Path(__file__).parents[1] / "samples" / "benchmark" / "corpus"
QUERY = "how high were net sales in the year"
#: Words of a window.
LENGTHS = (60, 120)


def main() -> None:
    torch.set_num_threads(1)
    rounds = int(sys.argv[1]) if sys.argv[1:] else 7
    torch.manual_seed(SEED)
    source = minilm_folder()
    tokenizer = AutoTokenizer.from_pretrained(source)
    model = AutoModelForSequenceClassification.from_pretrained(source, num_labels=1).eval()
    with tempfile.TemporaryDirectory() as folder:
        plain, small = Path(folder) / "plain.onnx", Path(folder) / "int8.onnx"
        export(model, dict(tokenizer(["a b"] * 2, ["c d e"] * 2, return_tensors="pt")), plain)
        quantize_dynamic(plain, small, weight_type=QuantType.QInt8)
        sessions = {"ONNX float32": open_session(plain), "ONNX int8": open_session(small)}
        for length in LENGTHS:
            compare(model, sessions, encode(tokenizer, length), rounds, length)


def export(model: Any, example: dict[str, Any], path: Path) -> None:
    names = list(example)
    axes = {name: {0: torch.export.Dim.DYNAMIC, 1: torch.export.Dim.DYNAMIC} for name in names}
    torch.onnx.export(
        model, kwargs=example, f=path, dynamo=True, external_data=False, dynamic_shapes=axes, verbose=False
    )


def open_session(path: Path) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def encode(tokenizer: Any, length: int) -> dict[str, Any]:
    pages, _ = read_files([str(file) for file in sorted(CORPUS.glob("*.pdf"))])
    long = [words for page in pages if len(words := page.text.split()) >= length]
    texts = [" ".join(words[:length]) for words in random.Random(SEED).sample(long, WINDOWS)]
    return dict(tokenizer([QUERY] * WINDOWS, texts, padding=True, return_tensors="pt"))


def count_kept(scores: Any, base: Any) -> float:
    """The share of pairs of windows in the order of `base`."""
    first, second = np.triu_indices(len(base), 1)
    return float(np.mean((scores[first] > scores[second]) == (base[first] > base[second])))


def compare(model: Any, sessions: dict[str, Any], batch: dict[str, Any], rounds: int, length: int) -> None:
    def by_torch() -> Any:
        with torch.inference_mode():
            return model(**batch).logits.numpy()[:, 0]

    arrays = {name: tensor.numpy() for name, tensor in batch.items()}
    ways: dict[str, Callable[[], Any]] = {"torch": by_torch}
    for name, session in sessions.items():
        wanted = {one.name: arrays[one.name] for one in session.get_inputs()}
        ways[name] = lambda session=session, wanted=wanted: session.run(None, wanted)[0][:, 0]
    scores = {name: way() for name, way in ways.items()}
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            started = time.process_time()
            way()
            seconds[name].append(time.process_time() - started)
    base = statistics.median(seconds["torch"])
    for name in ways:
        error, median = np.abs(scores[name] - scores["torch"]).max(), statistics.median(seconds[name])
        print(
            f"{length} words: {name} {1_000 * median:.0f} ms, {base / median:.2f}x; largest difference {error:.1e} "
            f"of a spread of {np.ptp(scores['torch']):.1e}, {count_kept(scores[name], scores['torch']):.3f} in order",
            flush=True,
        )


if __name__ == "__main__":
    main()
