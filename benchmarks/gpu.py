"""The vision-language reranker on a GPU: exactness, speed, memory, and its share of the chip's matrix product rate.

The geometries of Qwen2-VL-2B, Qwen2.5-VL-3B and Qwen3-VL-2B have random weights: nothing here says anything about
ranking quality. Needs torch, transformers, peft, accelerate and sentence-transformers, but none of docrerank's own
packages and no network. `benchmarks/gpu.sh` runs it in under 20 minutes; parts that would begin later are left out,
with a line that says so.

    python benchmarks/gpu.py [--tiny] [--bare] [--minutes 18] [--families qwen2_vl ...] [--json FILE]

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
from typing import Any

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
from gpu_model import NAMES, SIDE, ask_plain, backward, draw_page, make_model
from gpu_training import make_trainer, time_steps

from docrerank.vision import HOST_BYTES, PageCache, VisionReranker, save_reranker
from docrerank.vision.adapt import LANGUAGE
from docrerank.vision.images import open_page

PAGES, QUERIES, PER_PAGE = 20, 8, (4, 8, 16)
Found = dict[str, Any]


def main() -> None:
    """Measure and print; every part stands alone, so that one that fails costs only itself."""
    options = parse_options()
    warnings.filterwarnings("ignore")
    logging.getLogger("transformers").setLevel(logging.ERROR)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cpu" and not options.tiny:
        raise SystemExit("no GPU here: give --tiny to try the script on a processor")
    results: dict[str, Found] = {}
    end = time.monotonic() + 60 * options.minutes
    ceiling = run_part(results, "find_ceiling", lambda: find_ceiling(device, options.tiny), end)
    for family in options.families:
        with tempfile.TemporaryDirectory() as folder:
            run_family(results, Bench(Path(folder), family, device, options.tiny, ceiling), end)
        if options.json:
            options.json.write_text(json.dumps(results, indent=2) + "\n")


def run_family(results: dict[str, Found], bench: Bench, end: float) -> None:
    """All parts of one geometry; those of the first alone where a second tells nothing new."""
    parts = [bench.describe, bench.compare_precision, bench.train]
    if bench.family == "qwen2_vl":
        parts += [bench.compare_gradients, bench.score, bench.train_without_autocast, bench.share_pages]
    for part in parts:
        run_part(results, f"{bench.family} {part.__name__}", part, end)


def run_part(results: dict[str, Found], name: str, part: Callable[[], Found], end: float) -> Found:
    """Run a part, print what it found or why it failed, and free what it held."""
    start = time.monotonic()
    found = attempt(part) if start < end else {"left out": "no time is left"}
    release()
    print(f"\n{name} ({time.monotonic() - start:.0f} s)")
    for key, value in found.items():
        print(f"  {key:52} {value:.4g}" if isinstance(value, float) else f"  {key:52} {value}", flush=True)
    results[name] = found
    return found


def attempt(part: Callable[[], Found]) -> Found:
    """What a part finds, or its error as text: with the error itself its frames would keep their tensors."""
    try:
        return part()
    except Exception as error:
        return {"failed": f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"}


def release() -> None:
    """Give the memory of what is no longer used back to the device."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def find_ceiling(device: str, small: bool) -> Found:
    """What one large product of matrices reaches."""
    size = 256 if small else 8192
    left, right = (torch.randn(size, size, device=device, dtype=torch.bfloat16) for _ in range(2))
    return {"bf16 TFLOP/s": 2 * size**3 / clock(lambda: left @ right, 10) / 1e12}


class Bench:
    """One geometry's random weights, saved as a base and as a CrossEncoder folder when they are first asked for."""

    def __init__(self, folder: Path, family: str, device: str, small: bool, ceiling: Found) -> None:
        self.root, self.family, self.device, self.small = folder, family, device, small
        self.ceiling = float(ceiling.get("bf16 TFLOP/s", "nan"))
        self.pages = [draw_page(seed, *((112, 140) if small else SIDE)) for seed in range(2 if small else PAGES)]
        self.queries = [f"net sales and total revenue of year {2000 + number} by segment" for number in range(QUERIES)]

    @property
    def base(self) -> Path:
        """The base model's folder."""
        folder = self.root / "base"
        if not folder.is_dir():
            tokenizer = tiny.make_tokenizer()
            tiny.save_base(folder, self.family, make_model(self.family, tokenizer, self.device, self.small), tokenizer)
        return folder

    @property
    def saved(self) -> Path:
        """The same as a CrossEncoder's folder."""
        folder = self.root / "saved"
        if not folder.is_dir():
            pixels = SIDE[0] * SIDE[1]
            loaded = VisionReranker.from_pretrained(self.base, pixels=pixels, device="cpu", dtype=torch.bfloat16)
            save_reranker(loaded.parts, folder)
        return folder

    def load(self, dtype: torch.dtype | None = None) -> VisionReranker:
        """Our reranker with these weights, nothing cached; bfloat16, but float32 where the script is only tried."""
        dtype = dtype or (torch.float32 if self.small else torch.bfloat16)
        release()
        return VisionReranker.from_pretrained(self.saved, device=self.device, dtype=dtype, cache=PageCache())

    def describe(self) -> Found:
        """The setting, so that a number can be read later."""
        ours = self.load()
        name = torch.cuda.get_device_name() if self.device == "cuda" else "processor"
        return {
            "geometry": "tiny" if self.small else NAMES[self.family],
            "device": name,
            "torch, transformers": f"{torch.__version__}, {transformers.__version__}",
            "sentence-transformers": sentence_transformers.__version__,
            "parameters": sum(weight.numel() for weight in ours.model.parameters()),
            "prefix tokens": len(self.read(ours)[0].ids),
            "query tokens": len(ours.parts.reader.prompt.suffix_ids(self.queries[0], "")),
        }

    def compare_precision(self) -> Found:
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

    def train(self) -> Found:
        """The trainer that users run, with recipe `paper`'s settings: a step with its loader and optimiser."""
        return self.time_trainer(True)

    def train_without_autocast(self) -> Found:
        """The same step with the adapters' products in true float32."""
        return self.time_trainer(False)

    def time_trainer(self, half: bool) -> Found:
        """Steps of the trainer, as shares of the ceiling too."""
        changes = {"loader_workers": 0, "pixels": 112 * 140} if self.small else {}
        trainer = make_trainer(self.base, self.root, self.device, self.small, **changes)
        trainer.half = trainer.half and half
        torch.set_float32_matmul_precision("high" if half else "highest")
        found = time_steps(trainer, self.device)
        for key in ("what a step needs", "recomputed activations too"):
            found[f"share of the ceiling, {key}"] = found[f"TFLOP/s, {key}"] / self.ceiling
        return found

    def compare_gradients(self) -> Found:
        """Gradients of a packed row against a row for each pair."""
        ids = self.ask(self.load(), PER_PAGE[0])
        packed = self.find_gradients([ids])
        apart = self.find_gradients([[one] for one in ids])
        return {"packed against apart, relative": compare(packed, apart)}

    def find_gradients(self, rows: Sequence[Any]) -> torch.Tensor:
        """Of a LoRA adapter with weights other than zero, for the first page and these rows of queries behind it."""
        ours = self.load()
        model = self.adapt(ours)
        for name, weight in model.named_parameters():
            if "lora_B" in name:
                torch.nn.init.normal_(weight, std=0.02)
        return backward(model, ours.parts.head(), self.read(ours) * len(rows), rows)

    def score(self) -> Found:
        """Latency of one query over the pages, cold and warm; pairs per second of three ways; default cache sizes."""
        ours = self.load()
        pairs = [(query, page) for query in self.queries for page in self.pages]
        rank = lambda: ours.rank(self.queries[0], self.pages)  # noqa: E731
        cold, all_ours = clock(rank), clock(lambda: ours.score(pairs))
        plain = clock(lambda: ask_plain(ours, self.pages[:2], self.queries[:2])) / 4
        ours.cache = PageCache(HOST_BYTES)
        warm = clock(rank, 5)
        found = {
            "rank, cold, ms": cold * 1e3,
            "rank, warm, ms": warm * 1e3,
            f"pairs/s, ours, {QUERIES} queries, nothing cached": len(pairs) / all_ours,
            "pairs/s, ours, warm": len(self.pages) / warm,
            "pairs/s, plain transformers, one by one": 1 / plain,
        }
        theirs = attempt(lambda: self.score_theirs(pairs))  # it may not load where a package is of another version
        return found | {f"CrossEncoder {key}" if key == "failed" else key: value for key, value in theirs.items()}

    def score_theirs(self, pairs: Sequence[tuple[str, Any]]) -> Found:
        """CrossEncoder on the same folder."""
        theirs = tiny.load_cross_encoder(self.saved, pytest.MonkeyPatch())
        theirs.to(self.device)
        theirs.to(torch.float32 if self.small else torch.bfloat16)
        rank = clock(lambda: theirs.rank(self.queries[0], self.pages, batch_size=8))
        seconds = clock(lambda: theirs.predict(list(pairs[: 2 * len(self.pages)]), batch_size=8))
        return {"CrossEncoder.rank, ms": rank * 1e3, "pairs/s, CrossEncoder": 2 * len(self.pages) / seconds}

    def share_pages(self) -> Found:
        """Forward and backward of one page and its queries: packed rows against a row for each pair."""
        ours = self.load()
        model, page, head = self.adapt(ours), self.read(ours), ours.parts.head()
        found: Found = {}
        for count in (2,) if self.small else PER_PAGE:
            ids = self.ask(ours, count)
            packed = clock(lambda ids=ids: backward(model, head, page, [ids]), 3)  # type: ignore[misc]
            apart = clock(lambda ids=ids: backward(model, head, page * len(ids), [[one] for one in ids]), 3)  # type: ignore[misc]
            found |= {f"{count} queries a page, packed, s": packed, f"{count} queries a page, ratio": apart / packed}
        return found

    def adapt(self, ours: VisionReranker) -> Any:
        """A LoRA adapter around the model, ready to train."""
        config = peft.LoraConfig(r=32, lora_alpha=32, target_modules=LANGUAGE)
        torch.manual_seed(3)
        return peft.get_peft_model(ours.model, config).train()

    def ask(self, ours: VisionReranker, count: int) -> list[list[int]]:
        """Token ids of so many queries."""
        return [ours.parts.reader.prompt.suffix_ids(self.queries[n % QUERIES], "") for n in range(count)]

    def read(self, ours: VisionReranker) -> list[Any]:
        """The first page as the model reads it."""
        return [ours.parts.reader.read(open_page(self.pages[0], ours.parts.reader.pixels))]


def compare(first: torch.Tensor, second: torch.Tensor) -> float:
    """Length of the difference over the length of the second."""
    return float((first - second).norm() / second.norm())


def clock(run: Callable[[], Any], times: int = 2) -> float:
    """Median wall seconds, after one run that warms up."""
    seconds = []
    for _ in range(times + 1):
        wait()
        start = time.perf_counter()
        run()
        wait()
        seconds.append(time.perf_counter() - start)
    return float(np.median(seconds[1:]))


def wait() -> None:
    """Let the device finish."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def parse_options() -> argparse.Namespace:
    """Options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tiny", action="store_true", help="a small geometry on a processor, to test the script")
    parser.add_argument("--bare", action="store_true", help="do as if docrerank's own packages were missing")
    parser.add_argument("--minutes", type=float, default=18, help="no part begins later")
    parser.add_argument("--families", nargs="+", choices=list(NAMES), default=list(NAMES))
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
