"""How fast ingest is beside a bare pypdfium2 text loop of the same run, and how much memory it needs.

    python benchmarks/ingest.py [FOLDER] [--repeats 3] [--pages 100 1000 4000]

OCR is off: both sides read text layers. A rate covers a whole call, from finding the files to the finished run folder,
including the start of the worker processes, which `steady` leaves out.
"""

from __future__ import annotations

import argparse
import contextlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

import pypdfium2

from docrerank.pages import find_documents, ingest
from docrerank.pages.read import read_document
from docrerank.recipe import Ingest, load_recipe
from docrerank.runs import Run, map_shards

FILINGS = Path(__file__).resolve().parents[2] / "shared" / "corpora" / "filings"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=FILINGS, help="folder of PDFs")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--pages", type=int, nargs="*", default=[100, 1_000, 4_000], help="sizes for peak memory")
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        ingest_in(arguments.one.parent, [arguments.one], 1)
        return
    report_speed(arguments.folder, arguments.repeats)
    report_memory(arguments.folder, arguments.pages)


def report_speed(folder: Path, repeats: int) -> None:
    rounds = [measure(folder) for _ in range(repeats)]
    for name in rounds[0]:
        base = "bare loop, per CPU second" if name.endswith("CPU second") else "bare loop"
        shares = [one[name] / one[base] for one in rounds]
        print(f"{name:36} {median(one[name] for one in rounds):8.0f} pages/s   {median(shares):5.2f} x the bare loop")


def measure(folder: Path) -> dict[str, float]:
    """Pages per second of each way, one after the other."""
    paths = sorted(folder.rglob("*.pdf"))
    pages, bare, bare_cpu = timed(lambda: sum(map(read_bare, paths)))
    _, read, read_cpu = timed(lambda: read_records(folder))
    rates = {"bare loop": pages / bare, "bare loop, per CPU second": pages / bare_cpu}
    rates |= {"read, this process": pages / read, "read, this process, per CPU second": pages / read_cpu}
    start = timed(lambda: len(list(map_shards(abs, [1], 1))))[1]
    for workers in (1, 2):
        with tempfile.TemporaryDirectory() as scratch:
            seconds = timed(partial(ingest_in, Path(scratch), [folder], workers))[1]
        rates[f"ingest, workers={workers}"] = pages / seconds
        rates[f"ingest, workers={workers}, steady"] = pages / max(seconds - start, 1e-9)
    return rates


def timed(work: Callable[[], int]) -> tuple[int, float, float]:
    """What `work` returns, and the wall and CPU seconds it took."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    return result, time.perf_counter() - wall, time.process_time() - cpu


def read_bare(path: Path) -> int:
    """The loop that pypdfium2's own manual shows."""
    with contextlib.closing(pypdfium2.PdfDocument(path)) as pdf:
        for page in pdf:
            text = page.get_textpage()
            text.get_text_range()
            text.close()
            page.close()
        return len(pdf)


def read_records(folder: Path) -> int:
    """Every page to a record, nothing written."""
    documents, _ = find_documents([folder])
    return sum(1 for document in documents for _ in read_document(document, Ingest(ocr="never")))


def ingest_in(scratch: Path, paths: list[Path], workers: int) -> int:
    recipe = load_recipe("cpu", ["ingest.ocr=never", f"workers={workers}", "ingest.max_pages=100000"])
    return int(ingest(Run.create(scratch / "run", recipe), paths)["pages"])


def report_memory(folder: Path, sizes: list[int]) -> None:
    source = sorted(folder.rglob("*.pdf"))[0]
    for size in sizes:
        with tempfile.TemporaryDirectory() as scratch:
            path = Path(scratch, "long.pdf")
            repeat_pages(source, path, size)
            command = [sys.executable, __file__, "--one", str(path)]
            subprocess.run(command, check=True)
            peak = Run.open(Path(scratch, "run")).manifest.read()["stages"]["ingest"]["peak_mib"]
        print(f"{size:6} pages in one PDF: peak memory of a process {peak:5} MiB")


def repeat_pages(source: Path, target: Path, size: int) -> None:
    """A PDF of `size` pages, made of another's over and over."""
    with (
        contextlib.closing(pypdfium2.PdfDocument(source)) as old,
        contextlib.closing(pypdfium2.PdfDocument.new()) as new,
    ):
        while len(new) < size:
            new.import_pages(old, pages=list(range(min(len(old), size - len(new)))))
        new.save(target)


if __name__ == "__main__":
    main()
