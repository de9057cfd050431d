"""Scores pages with a vision-language reranker, against sentence-transformers' CrossEncoder on the same folder.

The weights are random, of a stated geometry: nothing here says anything about ranking quality. Both score the same
folder, images and queries in one run. Ratios are of CPU seconds on one thread, so that other work on the machine
matters little; latencies are wall milliseconds.

    python benchmarks/vision_scoring.py [--json FILE]
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import logging
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageDraw

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from fixtures import tiny_vision as tiny

from docrerank.vision import HOST_BYTES, PageCache, VisionReranker, save_reranker
from docrerank.vision.page_cache import DiskTier
from docrerank.vision.prefix import PagePrefix, encode_pages

#: Qwen2-VL's form at a size that two cores can bear.
GEOMETRY = {"width": 128, "layers": 4, "vision_width": 128, "vision_layers": 4}
PAGES, QUERIES, SIDE = 20, 8, (560, 672)


def main() -> None:
    """Measure and print."""
    options = parse_options()
    torch.set_num_threads(1)
    logging.getLogger("transformers").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as folder:
        ours, plain = load_both(Path(folder))
        pages = [draw_page(seed, *SIDE) for seed in range(PAGES)]
        results = {"setting": describe(ours), "ratios": compare(ours, plain, pages)}
        results["tiers"] = measure_tiers(ours, Path(folder))
        results["storage error"] = {"fp16": measure_error(ours, Path(folder) / "stored", pages[:4])}
    report(results)
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n")


def load_both(folder: Path) -> tuple[VisionReranker, Any]:
    """The same random weights in our reranker and in plain CrossEncoder."""
    tokenizer = tiny.make_tokenizer()
    model = tiny.make_model("qwen2_vl", tokenizer, **GEOMETRY)
    base = tiny.save_base(folder / "base", "qwen2_vl", model, tokenizer)
    loaded = VisionReranker.from_pretrained(base, pixels=SIDE[0] * SIDE[1])
    saved = save_reranker(loaded.parts, folder / "saved")
    import pytest

    return VisionReranker.from_pretrained(saved), tiny.load_cross_encoder(saved, pytest.MonkeyPatch())


def compare(ours: VisionReranker, plain: Any, pages: list[Image.Image]) -> dict[str, Any]:
    """One query and eight queries on twenty pages: cold, warm, and both against CrossEncoder."""
    queries = [f"net sales and total revenue of year {2000 + number} by segment" for number in range(QUERIES)]
    pairs = [(query, page) for query in queries for page in pages]
    ours.rank(queries[0], pages[:2])
    plain.rank(queries[0], pages[:2])
    theirs, rank_s = clock(lambda: plain.rank(queries[0], pages, batch_size=4))
    ours.cache = PageCache()
    _, bare_s = clock(lambda: ours.rank(queries[0], pages))
    ours.cache = PageCache(HOST_BYTES)
    hits, cold_s = clock(lambda: ours.rank(queries[0], pages))
    warm_s = min(clock(lambda: ours.rank(queries[0], pages))[1] for _ in range(3))
    ours.cache = PageCache()
    found, many_s = clock(lambda: ours.predict(pairs))
    expected, predict_s = clock(lambda: plain.predict(pairs, batch_size=4))
    return {
        "CrossEncoder.rank, 1 query x 20 pages, s": rank_s,
        "ours cold without a cache, s": bare_s,
        "ours cold, filling memory, s": cold_s,
        "ours warm, s": warm_s,
        "CrossEncoder.predict, 8 x 20, s": predict_s,
        "ours 8 x 20, nothing cached, s": many_s,
        "ratio warm (aim 20)": rank_s / warm_s,
        "ratio cold (aim 1)": rank_s / cold_s,
        "ratio 8 x 20 (aim 5)": predict_s / many_s,
        "largest score difference": float(np.abs(found - expected).max()),
        "same order": [hit["corpus_id"] for hit in hits] == [hit["corpus_id"] for hit in theirs],
    }


def measure_tiers(ours: VisionReranker, folder: Path) -> list[dict[str, float]]:
    """Bytes and latencies of one page from each tier, as its visual tokens grow."""
    return [measure_page(ours, folder, *side) for side in ((280, 336), (560, 672), (700, 840), (980, 1176))]


@torch.inference_mode()
def measure_page(ours: VisionReranker, folder: Path, width: int, height: int) -> dict[str, float]:
    """One page: encoded, and read from memory and disk."""
    ours.parts.reader.processor.size = {"shortest_edge": 3136, "longest_edge": width * height}
    tokens = ours.parts.reader.read(open_page(draw_page(width, width, height)))
    prefix, miss = wait(lambda: encode_pages(ours.model, [tokens])[0])
    memory = PageCache(10**9)
    memory.put("page", prefix)
    row = {"visual tokens": int(tokens.grid.prod()) // 4, "bytes in memory": prefix.nbytes, "miss ms": miss}
    row["memory ms"] = repeat(lambda: memory.get("page", torch.float32, prefix.keys.device))
    return row | measure_disk(DiskTier(folder / f"{width}"), prefix)


def measure_disk(tier: DiskTier, prefix: PagePrefix) -> dict[str, float]:
    """One page written, read and checked, and read again."""

    def read() -> PagePrefix | None:
        return tier.get("page", torch.float32, torch.device("cpu"))

    _, write = wait(lambda: tier.put("page", prefix))
    _, first = wait(read)
    size = next(tier.folder.rglob("*.safetensors")).stat().st_size
    return {
        "disk bytes": size,
        "write ms": write,
        "first read ms": first,
        "read ms": repeat(read),
    }


def measure_error(ours: VisionReranker, folder: Path, pages: list[Image.Image]) -> float:
    """Largest change of a logit difference by storing pages on disk."""
    pairs = [(query, page) for query in ("margin", "total revenue") for page in pages]
    ours.cache = PageCache(folder=str(folder))
    fresh = ours.score(pairs).values
    return float(np.abs(ours.score(pairs).values - fresh).max())


def open_page(page: Image.Image) -> Any:
    """A page as the reader takes it."""
    from docrerank.vision.images import open_page as recognise

    return recognise(page, 10**7)


def draw_page(seed: int, width: int, height: int) -> Image.Image:
    """Lines of dark marks on white, other ones for every seed."""
    chance, image = random.Random(seed), Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(image)
    for y in range(20, height - 20, 14):
        draw.line((20, y, chance.randrange(60, width - 20), y), fill=(chance.randrange(90),) * 3, width=8)
    return image


def clock(run: Callable[[], Any]) -> tuple[Any, float]:
    """What it gives and the CPU seconds it took."""
    start = time.process_time()
    value = run()
    return value, time.process_time() - start


def wait(run: Callable[[], Any]) -> tuple[Any, float]:
    """What it gives and the wall milliseconds it took."""
    start = time.perf_counter()
    value = run()
    return value, (time.perf_counter() - start) * 1e3


def repeat(run: Callable[[], Any], times: int = 20) -> float:
    """Median wall milliseconds."""
    return float(np.median([wait(run)[1] for _ in range(times)]))


def describe(ours: VisionReranker) -> dict[str, Any]:
    """The setting, so that a number can be read later."""
    tokens = ours.parts.reader.read(open_page(draw_page(0, *SIDE)))
    return {
        "model": f"random weights, Qwen2-VL's form, {GEOMETRY}",
        "parameters": sum(parameter.numel() for parameter in ours.model.parameters()),
        "prefix tokens": len(tokens.ids),
        "pages": PAGES,
        "threads": 1,
        "cores": os.cpu_count(),
        "torch": torch.__version__,
        "torchvision": importlib.util.find_spec("torchvision") is not None,
    }


def report(results: dict[str, Any]) -> None:
    """Print as tables."""
    for name in ("setting", "ratios", "storage error"):
        print(f"\n{name}")
        for key, value in results[name].items():
            print(f"  {key:45} {value:.4g}" if isinstance(value, float) else f"  {key:45} {value}")
    print("\ntiers (one page; wall milliseconds)")
    for key in results["tiers"][0]:
        print(f"  {key:20}" + "".join(f"{row[key]:14,.2f}" for row in results["tiers"]))


def parse_options() -> argparse.Namespace:
    """Options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
