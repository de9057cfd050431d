"""What OCR costs and how well it reads, beside RapidOCR called once for the whole bitmap.

    python benchmarks/ocr.py [FOLDER] [--scans 24] [--texts 24]
    python benchmarks/ocr.py --runs OLD NEW --benchmark FOLDER

The first command reads pages without a text layer both ways, page by page: CPU seconds, and the share of the plain
call's words that are found again. Then it draws pages that have one: the share of its words that each way reads. The
second command compares two runs of `docrerank ingest` by BM25's NDCG@5 on the benchmark's questions.
"""

from __future__ import annotations

import argparse
import string
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from docrerank.evaluation.benchmark import Benchmark, read_benchmark
from docrerank.evaluation.statistics import bootstrap_difference, bootstrap_mean, score_rankings
from docrerank.pages import find_documents, read_document, render
from docrerank.pages.ocr import MAX_SIDE, read_bitmap
from docrerank.recipe import Ingest
from docrerank.records import Page
from docrerank.retrieval import Bm25
from docrerank.runs import Run

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "benchmarks" / "mmdoc-dev" / "corpus"
PIXELS = Ingest().ocr_pixels
FEW_WORDS, MANY_WORDS = 40, 260


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER, help="folder of PDFs")
    parser.add_argument("--scans", type=int, default=24, help="pages without a text layer, evenly over the folder")
    parser.add_argument("--texts", type=int, default=24, help="pages with one, one a document")
    parser.add_argument("--runs", nargs=2, type=Path, metavar=("OLD", "NEW"))
    parser.add_argument("--benchmark", type=Path, default=FOLDER.parent)
    arguments = parser.parse_args()
    if arguments.runs:
        report_runs(arguments.runs, arguments.benchmark)
        return
    pages = read_pages(arguments.folder)
    scans = [page for page in pages if len(page.boxes) < Ingest().ocr_below_words]
    report_scans(scans[:: max(1, len(scans) // max(1, arguments.scans))][: arguments.scans])
    if texts := list(islice(pick_texts(pages), arguments.texts)):
        report_texts(texts)


def report_scans(pages: list[Page]) -> None:
    spent = dict.fromkeys(WAYS, 0.0)
    words: Counter[str] = Counter()
    for page in pages:
        image = render(page, PIXELS)
        found = {name: spend(spent, name, read, image) for name, read in WAYS.items()}
        words += Counter(plain=found["plain"].total(), ours=found["ours"].total())
        words["both"] += (found["plain"] & found["ours"]).total()
    each = [spent[name] / max(1, len(pages)) for name in WAYS]
    print(f"{len(pages)} pages without a text layer, CPU s a page: {each[0]:.2f} plain, {each[1]:.2f} ours")
    print(f"words: {words['plain']} plain, {words['ours']} ours, {words['both']} in both")


def report_texts(pages: list[Page]) -> None:
    spent = dict.fromkeys(WAYS, 0.0)
    right: dict[str, list[float]] = {name: [] for name in WAYS}
    for page in pages:
        wanted, image = count_words(page.text), render(page, PIXELS)
        for name, read in WAYS.items():
            found = spend(spent, name, read, image)
            right[name].append((found & wanted).total() / wanted.total())
    for name, shares in right.items():
        print(f"{len(pages)} pages with a text layer, {name:5}: {np.mean(shares):.4f} of its words read, ", end="")
        print(f"CPU s a page {spent[name] / len(pages):.2f}")
    change = bootstrap_difference(right["ours"], right["plain"])
    print(f"ours less plain, pages resampled: {change.value:+.4f} [{change.low:+.4f} {change.high:+.4f}]")


def report_runs(paths: list[Path], folder: Path) -> None:
    """NDCG@5 of BM25 over each run's pages, each question asked of its document where it names one."""
    benchmark = read_benchmark(folder)
    old, new = (measure_bm25(Run.open(path), benchmark) for path in paths)
    documents = [query.document or query.id for query in benchmark.ranked()]
    for name, values in (("old", old), ("new", new)):
        mean = bootstrap_mean(values, documents)
        print(f"BM25 over the {name} run: NDCG@5 {mean.value:.4f} [{mean.low:.3f} {mean.high:.3f}], n={len(values)}")
    change = bootstrap_difference(new, old, documents)
    print(f"new less old, documents and questions drawn: {change.value:+.4f} [{change.low:+.4f} {change.high:+.4f}]")


def measure_bm25(run: Run, benchmark: Benchmark) -> list[float]:
    """NDCG@5 of each ranked question, in the benchmark's order."""
    pages = list(run.pages.read())
    indexed: dict[str | None, tuple[Bm25, list[str]]] = {}
    ranking = {}
    for query in benchmark.ranked():
        if query.document not in indexed:
            asked = [page for page in pages if query.document in (None, page.document)]
            indexed[query.document] = Bm25([page.text for page in asked]), [page.id for page in asked]
        index, ids = indexed[query.document]
        ranking[query.id] = dict(zip(ids, map(float, index.score(query.text)), strict=True))
    scores = score_rankings(ranking, benchmark.qrels)["NDCG@5"]
    return [scores[query.id] for query in benchmark.ranked()]


def read_pages(folder: Path) -> list[Page]:
    """All pages with their text layers alone."""
    items = (item for document in find_documents([folder])[0] for item in read_document(document, Ingest(ocr="never")))
    return [item for item in items if isinstance(item, Page)]


def pick_texts(pages: list[Page]) -> Iterator[Page]:
    """Of each document the middle one of its pages with neither few nor many words."""
    for document in sorted({page.document for page in pages}):
        own = [page for page in pages if page.document == document]
        if middling := [page for page in own if FEW_WORDS <= len(page.boxes) <= MANY_WORDS]:
            yield middling[len(middling) // 2]


def spend(spent: dict[str, float], name: str, read: Callable[[Image.Image], str], image: Image.Image) -> Counter[str]:
    """What one way reads; its CPU seconds are added to those spent."""
    started = time.process_time()
    text = read(image)
    spent[name] += time.process_time() - started
    return count_words(text)


def count_words(text: str) -> Counter[str]:
    stripped = (word.strip(string.punctuation) for word in text.lower().split())
    return Counter(word for word in stripped if word)


def read_plain(image: Image.Image) -> str:
    return " ".join(_plain_engine()(np.asarray(image)[:, :, ::-1]).txts or ())


def read_ours(image: Image.Image) -> str:
    return read_bitmap(image, PIXELS).text


@cache
def _plain_engine() -> Any:
    """RapidOCR with full detection and no classifier, on one core."""
    from rapidocr import RapidOCR

    settings = {"Global.use_cls": False, "Global.max_side_len": MAX_SIDE, "Global.log_level": "critical"}
    settings |= {"Det.limit_type": "max", "Det.limit_side_len": MAX_SIDE}
    threads = {f"EngineConfig.onnxruntime.{kind}_op_num_threads": 1 for kind in ("intra", "inter")}
    return RapidOCR(params=settings | threads)


WAYS: dict[str, Callable[[Image.Image], str]] = {"plain": read_plain, "ours": read_ours}


if __name__ == "__main__":
    main()
