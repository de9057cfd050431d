"""How time and memory of the model-free recipe grow with the number of pages, stage by stage.

Random annual reports (`samples/maker`, about 9 pages each, seed 0) go through ingest, writing, the corpus gates,
mining and the building of training groups. Every stage is a process of its own; CPU seconds are its own and its
workers', so that other jobs on the machine do not count; memory is the largest process's peak.

    python benchmarks/growth.py --pages 1000 10000 --out growth

In mining, pages are encoded by a hash of their words in MiniLM's place: what encoding costs a page does not depend on
how many there are, and everything after it does the same work.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from docrerank.encoding import Encoding, WindowSettings
from docrerank.recipe import load_recipe
from docrerank.runs import Run

PAGES_PER_REPORT = 8
DIMENSIONS = 384


class WordHashes:
    """Stands for MiniLM: a window's vector is the sum of its words', each drawn by the word's hash."""

    fingerprint, dimension = "word-hashes", DIMENSIONS

    def __init__(self, settings: WindowSettings) -> None:
        self.settings = settings
        self._table = np.random.default_rng(0).standard_normal((4096, DIMENSIONS)).astype(np.float32)

    def encode_pages(self, texts: Sequence[str], contexts: Sequence[str] = ()) -> list[Encoding]:
        return [self._encode(text) for text in texts]

    def encode_queries(self, texts: Sequence[str]) -> list[Encoding]:
        return [Encoding(self._cut([text]), self._cut([text])) for text in texts]

    def _encode(self, text: str) -> Encoding:
        words, size = text.split(), self.settings.tokens * 2 // 3
        windows = self._cut([" ".join(words[start : start + size]) for start in range(0, len(words), size)])
        return Encoding(windows[:0], windows)

    def _cut(self, windows: Sequence[str]) -> np.ndarray:
        sums = [
            self._table[[zlib.crc32(word.lower().encode()) % 4096 for word in own.split()]].sum(0) for own in windows
        ]
        if not sums:
            return np.zeros((0, DIMENSIONS), np.float32)
        vectors = np.stack(sums)
        return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9), np.float32)


def do_ingest(run: Run, pdfs: Path) -> None:
    from docrerank.pages import ingest

    ingest(run, [pdfs])


def do_write(run: Run, pdfs: Path) -> None:
    from docrerank.chat import Budget
    from docrerank.generation.documents import write_documents
    from docrerank.generation.origin import unfinished

    write_documents(run, unfinished(run), lambda done, total: None, Budget())


def do_gates(run: Run, pdfs: Path) -> None:
    from docrerank.generation import generate

    generate(run)


def do_repeats(run: Run, pdfs: Path) -> None:
    from docrerank.mining import find_repeats

    find_repeats(run)


def do_mine(run: Run, pdfs: Path) -> None:
    from docrerank.mining import stage

    stage.load_untrained = WordHashes  # type: ignore[assignment]
    stage.mine(run)


def do_groups(run: Run, pdfs: Path) -> None:
    from docrerank.training.material import gather

    gather(run)


def do_report(run: Run, pdfs: Path) -> None:
    from docrerank.report import write_report

    write_report(run)


STAGES: dict[str, Callable[[Run, Path], None]] = {
    "ingest": do_ingest,
    "write": do_write,
    "gates": do_gates,
    "repeats": do_repeats,
    "mine": do_mine,
    "groups": do_groups,
    "report": do_report,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, nargs="+", default=[1_000, 10_000])
    parser.add_argument("--out", type=Path, default=Path("growth"))
    parser.add_argument("--stages", nargs="+", choices=STAGES, default=list(STAGES))
    parser.add_argument("--do", nargs=2, metavar=("STAGE", "RUN"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.do:
        name, folder = options.do
        STAGES[name](Run.open(folder), Path(folder).parent / "pdfs")
        return
    for size in options.pages:
        measure(options.out / str(size), size, options.stages)


def measure(folder: Path, size: int, stages: Sequence[str]) -> None:
    """Do the stages for one size and print a row for each."""
    write_pdfs(folder / "pdfs", size // PAGES_PER_REPORT)
    run = Run.create(folder / "run", load_recipe("cpu", ["ingest.ocr=never", "workers=2"]))
    for name in stages:
        seconds, cpu, peak = time_stage(name, run.path)
        pages = sum(run.pages.count(part) for part in run.pages.names())
        row = {
            "pages": pages,
            "stage": name,
            "wall_s": seconds,
            "cpu_s": cpu,
            "ms_a_page": round(1000 * cpu / pages, 2),
        }
        print(json.dumps({**row, "peak_mib": peak}), flush=True)


def write_pdfs(folder: Path, count: int) -> None:
    """In a process of its own: the peak memory of a process is also said of those that it starts."""
    if len(list(folder.glob("*.pdf"))) < count:
        maker = Path(__file__).resolve().parents[1] / "samples" / "make_samples.py"
        subprocess.run([sys.executable, maker, "--reports", str(count), "--out", folder], check=True)


def time_stage(name: str, run: Path) -> tuple[float, float, int]:
    """Wall seconds, CPU seconds and peak MiB of a stage in a process of its own, its workers included."""
    code = f"import runpy, sys; sys.argv = {[__file__, '--do', name, str(run)]!r}\n"
    code += "runpy.run_path(sys.argv[0], run_name='__main__')\nimport json, resource\n"
    code += "both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]\n"
    code += "print(json.dumps([sum(u.ru_utime + u.ru_stime for u in both), max(u.ru_maxrss for u in both) // 1024]))"
    started = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.PIPE, text=True)
    cpu, peak = json.loads(done.stdout.splitlines()[-1])
    return round(time.perf_counter() - started, 1), round(cpu, 1), peak


if __name__ == "__main__":
    main()
