"""The vision-language reranker on a GPU: exactness, speed, and the distance to the chip's matrix products.

Qwen2-VL-2B's geometry with random weights: nothing here speaks of ranking quality. Needs torch, transformers, peft,
accelerate and sentence-transformers, nothing of docrerank's own packages and no network. `benchmarks/gpu.sh` runs it.

    python benchmarks/gpu.py [--tiny] [--bare] [--json FILE]

`--tiny` is a small geometry for a processor: it tests this script and measures nothing.
"""

from __future__ import annotations

# ruff: noqa: E402
import argparse
import gc
import json
import logging
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

HERE = Path(__file__).parent
for folder in (HERE, HERE.parent / "src", HERE.parent / "tests"):
    sys.path.insert(0, str(folder))
import numpy as np
import peft
import sentence_transformers
import stand_ins
import torch
import transformers

stand_ins.install("--bare" in sys.argv)  # after the packages that may use what it stands in for

import pytest
from fixtures import tiny_vision as tiny
from gpu_model import SIDE, ask_plain, backward, draw_page, make_model

from docrerank.reranker.vision import PageCache, VisionReranker, save_reranker
from docrerank.reranker.vision.images import open_page

LANGUAGE = r".*language_model.*\.(q_proj|k_proj|v_proj|o_proj|gate_proj|up_proj|down_proj)"
PAGES, QUERIES, PER_PAGE = 20, 8, (4, 8, 16)


def main() -> None:
    """Measure and print; every part stands alone, so that one that fails costs only itself."""
    options = parse_options()
    warnings.filterwarnings("ignore")
    logging.getLogger("transformers").setLevel(logging.ERROR)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cpu" and not options.tiny:
        raise SystemExit("no GPU here: give --tiny to try the script on a processor")
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), device, options.tiny)
        parts = (
            bench.describe,
            bench.find_ceiling,
            bench.compare_precision,
            bench.score,
            bench.train,
            bench.train_flex,
        )
        results = {part.__name__: attempt(part) for part in parts}
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n")


def attempt(part: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Run a part and print what it found, or why it failed."""
    start = time.perf_counter()
    try:
        found = part()
    except Exception as error:
        found = {"failed": f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"}
    print(f"\n{part.__name__} ({time.perf_counter() - start:.0f} s)")
    for key, value in found.items():
        print(f"  {key:52} {value:.4g}" if isinstance(value, float) else f"  {key:52} {value}", flush=True)
    return found


class Bench:
    """One set of random weights, saved as a CrossEncoder folder, and pages to read."""

    def __init__(self, folder: Path, device: str, small: bool) -> None:
        self.device, self.small = device, small
        self.pages = [draw_page(seed, *((112, 140) if small else SIDE)) for seed in range(2 if small else PAGES)]
        self.queries = [f"net sales and total revenue of year {2000 + number} by segment" for number in range(QUERIES)]
        tokenizer = tiny.make_tokenizer()
        model = make_model(tokenizer, device, small)
        base = tiny.save_base(folder / "base", "qwen2_vl", model, tokenizer)
        del model
        loaded = VisionReranker.from_pretrained(base, pixels=SIDE[0] * SIDE[1], device="cpu", dtype=torch.bfloat16)
        self.folder = save_reranker(loaded.parts, folder / "saved")

    def load(self, dtype: torch.dtype | None = None) -> VisionReranker:
        """Our reranker with these weights, nothing cached; bfloat16, but float32 where the script is only tried."""
        dtype = dtype or (torch.float32 if self.small else torch.bfloat16)
        gc.collect()
        if self.device == "cuda":
            torch.cuda.empty_cache()
        return VisionReranker.from_pretrained(self.folder, device=self.device, dtype=dtype, cache=PageCache())

    def describe(self) -> dict[str, Any]:
        """The setting, so that a number can be read later."""
        ours = self.load()
        name = torch.cuda.get_device_name() if self.device == "cuda" else "processor"
        return {
            "device": name,
            "torch, transformers": f"{torch.__version__}, {transformers.__version__}",
            "sentence-transformers": sentence_transformers.__version__,
            "parameters": sum(weight.numel() for weight in ours.model.parameters()),
            "prefix tokens": len(self.read(ours)[0].ids),
            "query tokens": len(ours.parts.reader.prompt.suffix_ids(self.queries[0], "")),
        }

    def find_ceiling(self) -> dict[str, Any]:
        """What one large product of matrices reaches."""
        size = 256 if self.small else 8192
        left, right = (torch.randn(size, size, device=self.device, dtype=torch.bfloat16) for _ in range(2))
        seconds = self.clock(lambda: left @ right, 10)
        self.ceiling = 2 * size**3 / seconds / 1e12
        return {"bf16 TFLOP/s": self.ceiling}

    def compare_precision(self) -> dict[str, Any]:
        """Ours in bfloat16 against float32, beside plain transformers in bfloat16 against the same."""
        pages, queries = (self.pages[:1], self.queries[:1]) if self.small else (self.pages[:4], self.queries[:4])
        exact = self.load(torch.float32)
        pairs = [(query, page) for page in pages for query in queries]
        reference = exact.score(pairs).values
        plain = ask_plain(exact, pages[:1], queries[:1])
        row = {"float32, ours against plain, largest": float(np.abs(plain - reference[:1]).max())}
        del exact
        half = self.load(torch.bfloat16)
        ours, plain = half.score(pairs).values, ask_plain(half, pages, queries)
        return row | {
            "spread of the scores": float(reference.std()),
            "bf16 against float32, ours, largest": float(np.abs(ours - reference).max()),
            "bf16 against float32, plain, largest": float(np.abs(plain - reference).max()),
            "bf16, ours against plain, largest": float(np.abs(ours - plain).max()),
        }

    def score(self) -> dict[str, Any]:
        """Latency of one query over the pages, cold and warm; pairs per second of three ways."""
        ours = self.load()
        pairs = [(query, page) for query in self.queries for page in self.pages]
        rank = lambda: ours.rank(self.queries[0], self.pages)  # noqa: E731
        cold, all_ours = self.clock(rank), self.clock(lambda: ours.score(pairs))
        plain = self.clock(lambda: ask_plain(ours, self.pages[:2], self.queries[:2])) / 4
        ours.cache = PageCache.of_size(device_bytes=8_000_000_000 if self.device == "cuda" else 0, device=self.device)
        warm = self.clock(rank, 5)
        found = {
            "rank, cold, ms": cold * 1e3,
            "rank, warm, ms": warm * 1e3,
            f"pairs/s, ours, {QUERIES} queries, nothing cached": len(pairs) / all_ours,
            "pairs/s, ours, warm": len(self.pages) / warm,
            "pairs/s, plain transformers, one by one": 1 / plain,
        }
        return found | attempt_inside(lambda: self.score_theirs(pairs))

    def score_theirs(self, pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
        """CrossEncoder on the same folder."""
        theirs = tiny.load_cross_encoder(self.folder, pytest.MonkeyPatch())
        theirs.to(self.device)
        theirs.to(torch.float32 if self.small else torch.bfloat16)
        rank = self.clock(lambda: theirs.rank(self.queries[0], self.pages, batch_size=8))
        seconds = self.clock(lambda: theirs.predict(list(pairs[: 2 * len(self.pages)]), batch_size=8))
        return {"CrossEncoder.rank, ms": rank * 1e3, "pairs/s, CrossEncoder": 2 * len(self.pages) / seconds}

    def train(self) -> dict[str, Any]:
        """Forward and backward of one page and its queries: packed rows against a row for each pair."""
        ours = self.load()
        model = peft.get_peft_model(ours.model, peft.LoraConfig(r=32, lora_alpha=32, target_modules=LANGUAGE))
        model.train()
        page, head = self.read(ours)[0], ours.parts.head()
        language = sum(w.numel() for name, w in model.named_parameters() if ".layers." in name and "lora" not in name)
        found: dict[str, Any] = {}
        for count in (2,) if self.small else PER_PAGE:
            ids = [ours.parts.reader.prompt.suffix_ids(self.queries[n % QUERIES], "") for n in range(count)]
            packed = self.clock(lambda ids=ids: backward(model, head, [page], [ids]), 3)  # type: ignore[misc]
            apart = self.clock(lambda ids=ids: backward(model, head, [page] * len(ids), [[one] for one in ids]), 3)  # type: ignore[misc]
            tokens = len(page.ids) + sum(map(len, ids))
            # Forward and the backward of activations: two of the three products of full training.
            reached = 4 * language * tokens / packed / 1e12
            found |= {
                f"steps/s, {count} queries a page, packed": 1 / packed,
                f"steps/s, {count} queries a page, a row for each": 1 / apart,
                f"ratio, {count} queries a page": apart / packed,
                f"TFLOP/s of the text layers, {count} queries": reached,
                f"share of the ceiling, {count} queries": reached / self.ceiling,
            }
        return found

    def train_flex(self) -> dict[str, Any]:
        """The packed step again by FlexAttention, which skips what no token looks at."""
        if self.device == "cpu":
            return {"flex": "has no gradients on a processor"}
        found: dict[str, Any] = {}
        for count in (2,) if self.small else PER_PAGE:
            seconds = [self.step(attention, count) for attention in ("sdpa", "flex")]
            found |= {f"steps/s, {count} queries a page, flex": 1 / seconds[1]}
            found |= {f"flex against sdpa, {count} queries a page": seconds[0] / seconds[1]}
        return found

    def step(self, attention: Literal["sdpa", "flex"], count: int) -> float:
        """Seconds of a packed step of one page."""
        dtype = torch.float32 if self.small else torch.bfloat16
        ours = VisionReranker.from_pretrained(self.folder, device=self.device, dtype=dtype, attention=attention)
        model = peft.get_peft_model(ours.model, peft.LoraConfig(r=32, lora_alpha=32, target_modules=LANGUAGE))
        model.train()
        ids = [ours.parts.reader.prompt.suffix_ids(self.queries[n % QUERIES], "") for n in range(count)]
        page, head = self.read(ours)[0], ours.parts.head()
        return self.clock(lambda: backward(model, head, [page], [ids]), 3)

    def read(self, ours: VisionReranker) -> list[Any]:
        """The first page as the model reads it."""
        return [ours.parts.reader.read(open_page(self.pages[0], ours.parts.reader.pixels))]

    def clock(self, run: Callable[[], Any], times: int = 2) -> float:
        """Median wall seconds, after one run that warms up."""
        seconds = []
        for _ in range(times + 1):
            self.wait()
            start = time.perf_counter()
            run()
            self.wait()
            seconds.append(time.perf_counter() - start)
        return float(np.median(seconds[1:]))

    def wait(self) -> None:
        """Let the device finish."""
        if self.device == "cuda":
            torch.cuda.synchronize()


def attempt_inside(part: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """CrossEncoder may not load where a package is of another version: the rest still counts."""
    try:
        return part()
    except Exception as error:
        return {"CrossEncoder failed": f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"}


def parse_options() -> argparse.Namespace:
    """Options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tiny", action="store_true", help="a small geometry on a processor, to test the script")
    parser.add_argument("--bare", action="store_true", help="do as if docrerank's own packages were missing")
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
