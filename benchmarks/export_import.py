"""Peak memory and time of exports and of an import, over as many synthetic pages as asked for.

python benchmarks/export_import.py [PAGES ...]
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from reportlab.pdfgen.canvas import Canvas

from docrerank.datasets import ExportOptions, ImportOptions, export_run, import_dataset
from docrerank.recipe import load_recipe
from docrerank.records import MinedPage, Page, Query
from docrerank.runs import Run

PAGES_PER_DOCUMENT, POSITIVES, NEGATIVES, WORDS = 50, 4, 3, 400
JOBS = ("hf", "labeled-list", "import")


def make_run(folder: Path, pages: int) -> Run:
    """A run of PDFs full of text, with queries of every kind and mined pages."""
    run, mined = Run.create(folder / "run", load_recipe("cpu", ["workers=2"])), []
    for number in range(max(1, pages // PAGES_PER_DOCUMENT)):
        name = f"document{number:05}"
        records = read_pages(write_pdf(folder / "pdfs" / f"{name}.pdf"))
        run.pages.write(name, records, "synthetic")
        run.queries.write(name, [query for page in records for query in make_queries(page)], "synthetic")
        for page in records:
            others = [f"{name}/{(page.number + step) % PAGES_PER_DOCUMENT + 1}" for step in range(NEGATIVES)]
            mined += [MinedPage(f"{page.id}#{k}", other, 1, 0.0) for k in range(POSITIVES) for other in others]
    run.mined.write("corpus", mined, "synthetic")
    return run


def write_pdf(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    canvas = Canvas(str(path), invariant=1)
    for page in range(1, PAGES_PER_DOCUMENT + 1):
        for row in range(40):
            line = f"{path.stem} {page} {row} " + "figures of the year and what became of them " * 2
            canvas.drawString(72, 760 - 17 * row, line)
        canvas.showPage()
    canvas.save()
    return path


def read_pages(path: Path) -> list[Page]:
    text, boxes = " ".join(f"word{number}" for number in range(WORDS)) + "\n", np.zeros((WORDS, 4), np.float32)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    numbers = range(1, PAGES_PER_DOCUMENT + 1)
    return [
        Page(f"{path.stem}/{number}", path.stem, number, str(path), digest, 595, 842, text, "layer", boxes)
        for number in numbers
    ]


def make_queries(page: Page) -> Iterator[Query]:
    for place in range(POSITIVES):
        source, text = f"{page.id}#{place}", f"What is figure {place} of {page.id}?"
        yield Query(source, page.id, text, "positive", "question", answer="1")
        for number in range(NEGATIVES):
            edited = f"What is figure {place} of {page.id} in 19{number}0?"
            yield Query(f"{source}/n{number}", page.id, edited, "hard_negative", "question", source)


@contextmanager
def watching() -> Iterator[dict[str, int]]:
    """Peak resident memory of this process and of its largest child, in MiB, read twenty times a second."""
    peaks, stop = {"main": 0, "worker": 0}, threading.Event()

    def watch() -> None:
        import psutil

        own = psutil.Process()
        while not stop.is_set():
            peaks["main"] = max(peaks["main"], own.memory_info().rss >> 20)
            for child in own.children(recursive=True):
                try:
                    peaks["worker"] = max(peaks["worker"], child.memory_info().rss >> 20)
                except psutil.Error:
                    continue
            time.sleep(0.05)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield peaks
    finally:
        stop.set()
        thread.join()


def measure(job: str, folder: Path) -> None:
    """One export or import in this process, so that peaks are its own."""
    run, started = Run.open(folder / "run"), time.perf_counter()
    with watching() as peaks:
        if job == "import":
            new = Run.create(folder / "imported", load_recipe("cpu", ["workers=2"]))
            done = import_dataset(new, str(folder / "hf"), ImportOptions(ocr="never"))["pages"]
        else:
            done = export_run(run, folder / job, ExportOptions(job))["rows"]
    seconds = time.perf_counter() - started
    print(f"{job}: main {peaks['main']} MiB, worker {peaks['worker']} MiB, {seconds:.1f} s, {done}", flush=True)


def main() -> None:
    if len(sys.argv) == 3 and sys.argv[1] in JOBS:
        measure(sys.argv[1], Path(sys.argv[2]))
        return
    for pages in [int(word) for word in sys.argv[1:]] or [200, 2_000]:
        folder = Path(tempfile.mkdtemp(prefix="exchange-"))
        try:
            make_run(folder, pages)
            print(f"{pages} pages", flush=True)
            for job in JOBS:
                subprocess.run([sys.executable, __file__, job, str(folder)], check=True)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
