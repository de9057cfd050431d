"""Time per query of `docrerank search` at top 20, and how it grows with the number of pages.

Takes a finished run. Pages are read and encoded beforehand, as in a program that asks many queries; each size takes
the corpus's first N pages. The baseline is BM25 alone over the same pages in the same process.

    python benchmarks/search.py RUN --sizes 100 300 1000
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from docrerank.reranker import Searcher
from docrerank.retrieval import ENCODINGS, Bm25, FirstStage, PageStore, Search
from docrerank.runs import Run


def main() -> None:
    """Print a row per corpus size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 300, 1000, 3000])
    parser.add_argument("--queries", type=int, default=40)
    options = parser.parse_args()
    run = Run.open(options.run)
    queries = [query.text for query in run.queries.read() if query.kind == "positive"][::7][: options.queries]
    searcher = Searcher(run)
    everything, windows = list(run.pages.read()), PageStore(run.path / ENCODINGS, searcher.first.encoder)
    print("pages   search ms (median, 95 %)   BM25 alone ms   ratio")
    for size in sorted({min(size, len(everything)) for size in options.sizes}):
        pages = everything[:size]
        searcher.first = Search(FirstStage(pages, windows.read_windows(pages)), searcher.first.encoder)
        bm25 = Bm25([page.text for page in pages])
        ours = _time(lambda query: searcher.search(query, top_k=20), queries)
        floor = statistics.median(_time(bm25.score, queries))
        median, high = statistics.median(ours), sorted(ours)[int(0.95 * len(ours))]
        print(f"{size:5d}   {median:9.1f} {high:9.1f}      {floor:13.2f}   {median / floor:5.0f}", flush=True)


def _time(work: Callable[[str], object], queries: list[str]) -> list[float]:
    """Milliseconds of each query, after one that is not counted."""
    work(queries[0])
    times = []
    for query in queries:
        started = time.perf_counter()
        work(query)
        times.append(1000 * (time.perf_counter() - started))
    return times


if __name__ == "__main__":
    main()
