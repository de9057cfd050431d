"""How time and memory of the model-free recipe grow with the number of pages, stage by stage.

Random annual reports (`samples/maker`, about 9 pages each, seed 0) go through ingest, writing, the corpus gates,
mining and the building of training groups. Every stage is a separate process; CPU seconds are its own and its
workers', so that other jobs on the machine do not count; memory is the peak of the largest process.

    python benchmarks/growth.py --pages 1000 10000 --out growth

`mine` mines the questions that the corpus gates leave, `mine-evenly` one question a page. Instead of MiniLM, a hash of
its words encodes each page: what encoding costs a page does not depend on how many there are, and everything after it
does the same work.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from docrerank.recipe import load_recipe
from docrerank.runs import Run, sort_by_hash

PAGES_PER_REPORT = 8


def do_ingest(run: Run, pdfs: Path) -> None:
    from docrerank.pages import ingest

    ingest(run, [pdfs])


def do_write(run: Run, pdfs: Path) -> None:
    from docrerank.chat import Budget
    from docrerank.generation.documents import write_documents
    from docrerank.generation.fingerprints import open_stage

    stage = open_stage(run)
    write_documents(stage, stage.todo(), lambda done, total: None, Budget())


def do_gates(run: Run, pdfs: Path) -> None:
    from docrerank.generation import generate

    generate(run)


def do_repeats(run: Run, pdfs: Path) -> None:
    from docrerank.pages import find_repeats

    find_repeats(run)


def do_mine(run: Run, pdfs: Path) -> None:
    sys.path.insert(0, str(Path(__file__).resolve().parent))  # workers look there too
    from word_hashes import WordHashes

    from docrerank.mining import mine as stage

    stage.load_untrained = WordHashes  # type: ignore[assignment]
    stage.mine(run)


def do_mine_evenly(run: Run, pdfs: Path) -> None:
    """With the same number of questions a page at every size: in one corpus questions of one kind become rare."""
    from docrerank.generation.fingerprints import written_queries

    evenly = Run.create(run.path.parent / "evenly", run.recipe)
    for name in ("pages", "encodings", "index"):
        if not (evenly.path / name).exists() and (run.path / name).exists():
            (evenly.path / name).symlink_to(run.path / name)
    for name in run.pages.names():
        asked = {query.id: query for query in written_queries(run).read(name) if query.kind == "positive"}
        chosen = sort_by_hash(list(asked), run.recipe.seed)[: run.pages.count(name)]
        evenly.queries.write(name, [asked[key] for key in chosen], "written")
    do_mine(evenly, pdfs)


def do_groups(run: Run, pdfs: Path) -> None:
    from docrerank.training.training_data import gather

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
    "mine-evenly": do_mine_evenly,
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
