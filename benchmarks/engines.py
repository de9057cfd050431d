"""What the engine `ray` costs beside the local one, and what kills cost it.

    python benchmarks/engines.py [--pages 3000] [--rounds 3] [--kills 20]

Two local processes and two Ray workers take turns to ingest synthetic documents of 1 to 60 pages with a text layer and
to write for them by rules. `first` includes the start of worker processes and of Ray; `next` is a later run in the
same process, so that only the local engine starts its workers anew. CPU seconds are those of the process and its
children: on a busy machine they say more than the clock. Once started, Ray's own processes count on both sides, so
look at the first round.

Then random processes of the Ray run, a worker or the driver, are killed at random moments until there were so many
kills, at least a part apart; the driver is restarted after each of its own. The dataset must equal the local one to
the byte. `make ray` tests that a kill costs one shard at most.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from reportlab.pdfgen.canvas import Canvas

from docrerank.generation import generate
from docrerank.pages import ingest
from docrerank.recipe import load_recipe
from docrerank.runs import Run

TOWNS = ["Lund", "Graz", "Bern", "Oslo", "Porto", "Gent", "Turku", "Brno"]
THINGS = ["net sales", "operating cost", "water use", "staff cost", "capital spending", "freight", "energy use"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=3_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=13)
    parser.add_argument("--drive", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.drive:
        do(Run.open(arguments.drive), arguments.drive.parent / "pdfs")
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder, rng = Path(scratch), random.Random(arguments.seed)
        pages = write_documents(folder / "pdfs", arguments.pages, rng)
        compare(folder, pages, arguments.rounds)
        if arguments.kills:
            kill(folder, arguments.kills, rng)


def write_documents(folder: Path, pages: int, rng: random.Random) -> int:
    """Reports with a sentence or a table row for every thing, town and year; returns how many pages there are."""
    folder.mkdir()
    written = 0
    while written < pages:
        canvas = Canvas(str(folder / f"report-{written:06}.pdf"), invariant=1)
        count = min(pages - written, rng.choice((1, 2, 5, 12, 30, 60)))
        for _ in range(count):
            draw_page(canvas, rng)
        canvas.save()
        written += count
    return written


def draw_page(canvas: Canvas, rng: random.Random) -> None:
    town, year = rng.choice(TOWNS), rng.randint(1990, 2024)
    canvas.drawString(72, 750, f"Report of the works of {town} for {year}")
    for row in range(30):
        thing = rng.choice(THINGS)
        text = (
            f"In {year - row % 3} {thing} of the {town} plant {row} was {rng.randint(100, 99_999):,} thousand dollars."
        )
        canvas.drawString(72, 720 - 14 * row, text)
    canvas.showPage()


def do(run: Run, pdfs: Path) -> None:
    with run.locked():
        ingest(run, [pdfs])
        generate(run)


def make_run(folder: Path, engine: str) -> Run:
    return Run.create(folder, load_recipe("cpu", [f"engine={engine}", "workers=2", "ingest.ocr=never"]))


def compare(folder: Path, pages: int, rounds: int) -> None:
    seconds: dict[str, list[float]] = {"local": [], "ray": []}
    worked: dict[str, list[float]] = {"local": [], "ray": []}
    for number in range(rounds):
        for engine, taken in seconds.items():
            started, before = time.perf_counter(), count_cpu()
            do(make_run(folder / f"{engine}-{number}", engine), folder / "pdfs")
            taken.append(time.perf_counter() - started)
            worked[engine].append(count_cpu() - before)
            line = f"round {number}  {engine:5} {taken[-1]:7.1f} s  {pages / taken[-1]:6.1f} pages/s"
            print(f"{line}  {worked[engine][-1]:7.1f} s of CPU", flush=True)
    assert read(folder / "local-0") == read(folder / "ray-0")
    compare_ratios(f"ray / local throughput, {pages} pages", seconds)
    compare_ratios("by CPU", worked)


def compare_ratios(what: str, costs: dict[str, list[float]]) -> None:
    ratios = [local / ray for local, ray in zip(costs["local"], costs["ray"], strict=True)]
    later = f", median of the later ones {median(ratios[1:]):.2f}" if ratios[1:] else ""
    print(f"{what}: first {ratios[0]:.2f}{later}; same bytes", flush=True)


def count_cpu() -> float:
    """CPU seconds so far of this process and of all below it, ended ones too."""
    ticks = 0
    for pid in find_below(os.getpid()):
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += sum(map(int, fields[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


def read(folder: Path) -> dict[str, bytes]:
    """The bytes of every part."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.parquet")}


def kill(folder: Path, kills: int, rng: random.Random) -> None:
    """Kill until there were enough, then let the run end. A run that ends before that is begun again elsewhere."""
    killed = {"worker": 0, "driver": 0}
    number = 0
    while sum(killed.values()) < kills:
        run, number = make_run(folder / f"killed-{number}", "ray"), number + 1
        ended = False
        while not ended:
            ended = drive(run, killed, kills, rng)
        assert read(run.path) == read(folder / "local-0"), "another dataset"
    done = f"{killed['worker']} workers and {killed['driver']} drivers killed in {number} runs"
    print(f"{done}: the same dataset", flush=True)


def drive(run: Run, killed: dict[str, int], kills: int, rng: random.Random) -> bool:
    """Start a driver and kill workers, at last itself; whether it ended well."""
    driver = subprocess.Popen([sys.executable, __file__, "--drive", str(run.path)], start_new_session=True)
    while driver.poll() is None:
        wait_for_part(run, driver)
        time.sleep(3 * rng.random())
        if sum(killed.values()) >= kills:
            return driver.wait() == 0
        workers = find_workers(driver.pid)
        if workers and rng.random() < 0.75:
            os.kill(rng.choice(workers), signal.SIGKILL)
            killed["worker"] += 1
        elif workers and driver.poll() is None:
            driver.kill()
            killed["driver"] += 1
    return driver.wait() == 0


def wait_for_part(run: Run, driver: subprocess.Popen[bytes]) -> None:
    """Work goes on between two kills, however slow the machine is: else they would only hit what has just begun."""
    before = count_parts(run)
    while driver.poll() is None and count_parts(run) == before:
        time.sleep(0.2)


def count_parts(run: Run) -> int:
    return sum(1 for _ in run.path.rglob("*._done"))


def find_workers(driver: int) -> list[int]:
    """Processes of Ray that do a task now, below a driver."""
    return [pid for pid, name in find_below(driver).items() if name.startswith("ray::FlatMap")]


def find_below(top: int) -> dict[int, str]:
    """A process and all below it, with their command lines."""
    table = subprocess.run(["ps", "-eo", "pid,ppid,args"], capture_output=True, text=True, check=True).stdout
    rows = [
        (int(pid), int(parent), *rest) for pid, parent, *rest in (row.split(None, 2) for row in table.splitlines()[1:])
    ]
    below, grown = {top}, True
    while grown:
        fresh = {pid for pid, parent, *_ in rows if parent in below} - below
        below, grown = below | fresh, bool(fresh)
    return {pid: " ".join(rest) for pid, _, *rest in rows if pid in below}


if __name__ == "__main__":
    main()
