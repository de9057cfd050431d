"""Search over a million synthetic pages: time to index, time of a query, memory, recall.

Pages are drawn: words by Zipf's law from a vocabulary of 200,000 and a document's own few hundred, two windows a page
whose vectors lie around 20,000 topics. A query asks with eight words of one page and a vector close to one of its
windows. Only the first stage is measured: the reranker's work does not depend on the number of pages.

    python benchmarks/million.py --pages 1000000 --out million

Recall is against comparing all pages (10 nearest by the fused score), on `--exact` of the queries; `--lists` also
measures it for other numbers of lists that a search looks through.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from docrerank.recipe import load_recipe
from docrerank.records import Page
from docrerank.retrieval import Encoding, LargePages, Vectors
from docrerank.retrieval.fusion import order
from docrerank.retrieval.large_pages import write_pages
from docrerank.runs import Run

DOCUMENT_PAGES, WORDS, WINDOWS, DIMENSIONS, TOPICS = 50, 120, 2, 384, 20_000
VOCABULARY = np.array(
    [f"{first}{second}{third}" for first in "bcdfghklmnprstvwz" for second in "aeiou" for third in range(2400)]
)


class Corpus:
    """Documents drawn by their number: the same every time."""

    def __init__(self) -> None:
        rng = np.random.default_rng(0)
        self.topics = rng.standard_normal((TOPICS, DIMENSIONS), np.float32) / np.float32(DIMENSIONS**0.5)

    def read(self, name: str) -> tuple[list[Page], list[Vectors]]:
        rng = np.random.default_rng(int(name.partition(".")[0][1:]))
        common = np.minimum(rng.zipf(1.15, (DOCUMENT_PAGES, WORDS)), len(VOCABULARY)) - 1
        own = rng.integers(0, len(VOCABULARY), 300)
        picked = np.where(rng.random(common.shape) < 0.3, own[rng.integers(0, 300, common.shape)], common)
        vectors = self.topics[rng.integers(0, TOPICS, (DOCUMENT_PAGES, WINDOWS))]
        noise = rng.standard_normal(vectors.shape, np.float32) / np.float32(DIMENSIONS**0.5)
        vectors = vectors + 0.7 * noise
        vectors /= np.linalg.norm(vectors, axis=-1, keepdims=True)
        pages = [
            Page(
                f"{name}/{n}",
                name,
                n,
                "",
                "",
                1,
                1,
                " ".join(VOCABULARY[words]),
                "layer",
                np.zeros((0, 4), np.float32),
            )
            for n, words in enumerate(picked, 1)
        ]
        return pages, list(vectors.astype(np.float16))

    def ask(self, name: str, rng: np.random.Generator) -> tuple[str, Encoding]:
        pages, vectors = self.read(name)
        at = int(rng.integers(len(pages)))
        vector = (
            vectors[at][0].astype(np.float32) + 0.5 * rng.standard_normal(DIMENSIONS, np.float32) / DIMENSIONS**0.5
        )
        window = np.asarray(vector / np.linalg.norm(vector), np.float32)[None]
        return " ".join(rng.choice(pages[at].text.split(), 8)), Encoding(window, window)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=1_000_000)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--exact", type=int, default=20)
    parser.add_argument("--lists", type=int, nargs="+", default=[])
    parser.add_argument("--out", type=Path, default=Path("million"))
    options = parser.parse_args()
    shutil.rmtree(options.out, ignore_errors=True)
    corpus, count = Corpus(), options.pages // DOCUMENT_PAGES
    documents = {f"d{number}": "1" for number in range(count)}
    run, index = Run.create(options.out / "run", load_recipe("cpu")), options.out / "index"
    tell(
        f"draw {min(count, 200) * DOCUMENT_PAGES} pages",
        lambda: [corpus.read(f"d{n}") for n in range(min(count, 200))],
    )
    tell("index", lambda: write_pages(index, documents, corpus.read, DIMENSIONS))
    tell("open", lambda: LargePages(run, index, DIMENSIONS))
    stage, rng = LargePages(run, index, DIMENSIONS), np.random.default_rng(1)
    asked = [corpus.ask(f"d{number}", rng) for number in rng.integers(0, count, options.queries)]
    measure(stage, asked)
    measure_recall(stage, asked[: options.exact], options.lists)


def find(stage: LargePages, asked: tuple[str, Encoding], count: int) -> list[int]:
    """Rows of the best pages; these pages are in no run that could be read."""
    compared = next(stage.compare([asked[0]], [asked[1]], [0], apart=False))[0]
    return [int(compared.rows[at]) for at in order(compared.scores, count)]


def tell(name: str, work: object) -> None:
    wall, cpu = time.perf_counter(), time.process_time()
    work()  # type: ignore[operator]
    row = {"step": name, "wall_s": round(time.perf_counter() - wall, 1), "cpu_s": round(time.process_time() - cpu, 1)}
    print(json.dumps(row | read_memory()), flush=True)


def measure(stage: LargePages, asked: Sequence[tuple[str, Encoding]]) -> None:
    """Wall and CPU time of each query; the latter does not count what else the machine does."""
    times = []
    for one in asked:
        wall, cpu = time.perf_counter(), time.process_time()
        find(stage, one, 20)
        times.append((1000 * (time.perf_counter() - wall), 1000 * (time.process_time() - cpu)))
    low, high = np.percentile(times, [50, 99], axis=0).round(1).tolist()
    row = {"step": "search", "queries": len(times), "p50_ms": low[0], "p99_ms": high[0], "cpu_p50_ms": low[1]}
    row["cpu_p99_ms"] = high[1]
    print(json.dumps(row | read_memory()), flush=True)


def measure_recall(stage: LargePages, asked: Sequence[tuple[str, Encoding]], lists: Sequence[int]) -> None:
    """How much of the ten best pages of all are among those found, by how many lists are looked through."""
    vectors, stage._vectors = stage._vectors, None
    best = [set(find(stage, one, 10)) for one in asked]
    stage._vectors, usual = vectors, vectors.nprobe
    for vectors.nprobe in [*lists, usual]:
        started = time.process_time()
        found = [set(find(stage, one, 10)) for one in asked]
        cpu = 1000 * (time.process_time() - started) / len(asked)
        shares = [len(some & all_) / 10 for some, all_ in zip(found, best, strict=True)]
        low, high = np.percentile(np.random.default_rng(0).choice(shares, (2000, len(shares))).mean(1), [2.5, 97.5])
        row = {"step": "recall@10", "lists": vectors.nprobe, "queries": len(shares), "cpu_ms": round(cpu, 1)}
        value = {"value": np.mean(shares), "low": low, "high": high}
        print(json.dumps(row | {name: round(float(one), 3) for name, one in value.items()}), flush=True)


def read_memory() -> dict[str, int]:
    """MiB of this process: its peak, and now what is its own and what is of mapped files."""
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    own, mapped = (int(lines[name].split()[0]) >> 10 for name in ("RssAnon", "RssFile"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    return {"peak_mib": peak, "own_mib": own, "mapped_mib": mapped}


if __name__ == "__main__":
    main()
