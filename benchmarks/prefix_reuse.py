"""What a server with a prefix cache can reuse of a run's calls, recorded on real pages at a test server.

    python benchmarks/prefix_reuse.py [FOLDER] [--pages 60] [--recipe paper] [--latency 0.05]

Every call of a generation over PDFs is recorded with the moments of its arrival and its answer. Answers are made up so
that all stages run: of two positives a page one stays, of its twelve edits nine. Image tokens are reusable if the same
beginning, up to and including the image, came before (`arrived`) or had been answered before (`answered`), or is among
a server's last so many pages (`kept`). A server is one model: the roles' own, or one for all.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import re
import sys
import tempfile
import threading
import time
from collections import OrderedDict, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

from docrerank.generation import generate
from docrerank.pages import ingest
from docrerank.recipe import load_recipe
from docrerank.runs import Run

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "chat"))
from server import Call, Reaction, ScriptedServer

SAMPLES = Path(__file__).resolve().parents[1] / "samples" / "benchmark" / "corpus"
ROLES = ("positive_writer", "negative_writer", "rephraser", "judge")
MARK = re.compile(r"unit ([0-9a-f]{8}) in (\d{4})")


@dataclass(frozen=True)
class Seen:
    """One recorded call: its prompt's bytes, where its image ends in them, its page, when it came and was answered."""

    model: str
    prompt: bytes
    image_end: int
    page: str
    came: float
    answered: float


class Recorder:
    """Answers every prompt so that all stages run, and keeps what came when."""

    def __init__(self, latency: float) -> None:
        self.latency, self.seen, self.rng, self.lock = latency, list[Seen](), random.Random(3), threading.Lock()

    def __call__(self, call: Call) -> Reaction:
        content = call.body["messages"][-1]["content"]
        image = (
            next((part for part in content if part["type"] == "image_url"), None)
            if isinstance(content, list)
            else None
        )
        prompt = json.dumps(call.body["messages"]).encode()
        page = hashlib.sha256(json.dumps(image).encode()).hexdigest()[:8] if image else ""
        end = prompt.find(b'"}}', prompt.find(b'"image_url"')) if image else 0
        delay = self.latency * (0.5 + self.rng.random())
        if "the word hello" not in call.text:
            now = time.monotonic()
            with self.lock:
                self.seen.append(Seen(call.body["model"], prompt, end, page, now, now + delay))
        return Reaction(answer(call.text, page), delay=delay)


def answer(text: str, page: str) -> str:
    """Two positives a page, the second not answerable; twelve edits, nine of them verified; one rephrasing."""
    if "Write up to" in text:
        asked = f"How many litres did the plant of unit {page} in 2019 treat"
        rows = [
            {"query": f"{asked} {end}?", "answer": "7", "quote": "", "location": ""} for end in ("daily", "a month")
        ]
        return json.dumps({"queries": rows, "reason": ""})
    if "Change exactly one property" in text:
        query = text.partition("Query: ")[2].partition("\n")[0]
        rows = [{"query": query.replace("2019", str(year)), "property": "year"} for year in range(2001, 2013)]
        return json.dumps({"queries": [{**row, "original": "", "edited": ""} for row in rows]})
    if "Write it in other words" in text:
        query = text.partition("Query: ")[2].partition("\n")[0]
        return json.dumps({"queries": [{"level": 1, "query": query.replace("How many", "What number of")}]})
    if "`found`" in text:
        return json.dumps({"found": True, "answer": "7"})
    mark = MARK.search(text)
    year = int(mark[2]) if mark else 0
    return json.dumps({"ground": "read it", "answerable": year == 2019 or 2001 <= year <= 2003})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=SAMPLES)
    parser.add_argument("--pages", type=int, default=60)
    parser.add_argument("--recipe", default="paper")
    parser.add_argument("--latency", type=float, default=0.05, help="seconds of an answer, give or take half")
    parser.add_argument("--concurrency", type=int, default=64, help="calls in flight at each endpoint, at most")
    options = parser.parse_args()
    for setup in ("a server for each model of the recipe", "one server and model for all roles"):
        calls = record(options, setup.startswith("one"))
        print(f"\n{options.recipe}, {setup}, {options.concurrency} in flight: {len(calls)} calls")
        print("| model | calls | with the image, a page | prompt bytes in common with an earlier call of the page | "
              "image tokens reusable: arrived | answered | kept 96 pages | kept 16 pages | next call is of the same "
              "page | other pages between two calls of a page: median, 95 % |")  # fmt: skip
        print("|" + "---|" * 10)
        for line in describe(calls):
            print(line)


def record(options: argparse.Namespace, one: bool) -> list[Seen]:
    """Generate over the first pages of the folder, and give back what the server saw."""
    recorder = Recorder(options.latency)
    with tempfile.TemporaryDirectory() as folder, ScriptedServer(recorder) as server:
        keys = [f"generate.{role}.base_url={server.base_url}" for role in ROLES]
        keys += [f"generate.{role}.model=one" for role in ROLES if one]
        keys += [f"generate.{role}.max_concurrency={options.concurrency}" for role in ROLES]
        keys += ["generate.near_duplicate=1.0", "ingest.ocr=never"]
        run = Run.create(Path(folder) / "run", load_recipe(options.recipe, keys))
        ingest(run, choose(options.folder, options.pages))
        generate(run)
    return recorder.seen


def choose(folder: Path, pages: int) -> list[Path]:
    """PDFs until there are enough pages."""
    from docrerank.pages import count_pages, find_documents

    chosen: list[Path] = []
    for document in find_documents([folder])[0]:
        if pages <= 0:
            break
        chosen.append(Path(document.path))
        pages -= count_pages(document)
    return chosen


def describe(calls: Sequence[Seen]) -> Iterator[str]:
    by_model: dict[str, list[Seen]] = defaultdict(list)
    for call in sorted(calls, key=lambda call: call.came):
        by_model[call.model].append(call)
    for model, own in by_model.items():
        with_image = [call for call in own if call.page]
        if not with_image:
            yield f"| {model} | {len(own)} | - | no image in its prompts | - | - | - | - | - | - |"
            continue
        yield _describe_model(model, own, with_image)


def _describe_model(model: str, own: Sequence[Seen], with_image: Sequence[Seen]) -> str:
    pages = len({call.page for call in with_image})
    between = count_between(with_image)
    adjacent = sum(a.page == b.page for a, b in pairwise(with_image)) / (len(with_image) - 1)
    spread = f"{median(between):.0f}, {sorted(between)[int(0.95 * len(between))]}" if between else "-"
    cells = [
        model,
        str(len(own)),
        f"{len(with_image) / pages:.1f}",
        f"{share_common(with_image):.2%}",
        f"{share_reusable(with_image, answered=False):.1%}",
        f"{share_reusable(with_image, answered=True):.1%}",
        f"{share_kept(with_image, 96):.1%}",
        f"{share_kept(with_image, 16):.1%}",
        f"{adjacent:.0%}",
        spread,
    ]
    return "| " + " | ".join(cells) + " |"


def share_common(calls: Sequence[Seen]) -> float:
    """Bytes that a page's calls have in common with an earlier one of the page, by all bytes of those calls."""
    common = total = 0
    earlier: dict[str, list[bytes]] = defaultdict(list)
    for call in calls:
        if earlier[call.page]:
            common += max(count_common(call.prompt, other) for other in earlier[call.page])
            total += len(call.prompt)
        earlier[call.page].append(call.prompt)
    return common / total if total else 0.0


def count_common(one: bytes, other: bytes) -> int:
    """Length of the common beginning."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if one[:middle] == other[:middle] else (low, middle - 1)
    return low


def share_reusable(calls: Sequence[Seen], answered: bool) -> float:
    """Image tokens whose whole beginning was there before; all images are of the same budget."""
    first: dict[bytes, float] = {}
    reusable = 0
    for call in calls:
        start = call.prompt[: call.image_end]
        reusable += first.get(start, float("inf")) <= call.came
        moment = call.answered if answered else call.came
        first[start] = min(first.get(start, moment), moment)
    return reusable / len(calls)


def share_kept(calls: Sequence[Seen], pages: int) -> float:
    """As `share_reusable`, at a server that keeps the pages used last."""
    kept: OrderedDict[bytes, Any] = OrderedDict()
    reusable = 0
    for call in calls:
        start = call.prompt[: call.image_end]
        reusable += start in kept
        kept[start] = None
        kept.move_to_end(start)
        while len(kept) > pages:
            kept.popitem(last=False)
    return reusable / len(calls)


def count_between(calls: Sequence[Seen]) -> list[int]:
    """For every call of a page after its first: how many other pages came since the page's last call."""
    last: dict[str, int] = {}
    found = []
    for at, call in enumerate(calls):
        if call.page in last:
            found.append(len({other.page for other in calls[last[call.page] + 1 : at]}))
        last[call.page] = at
    return found


if __name__ == "__main__":
    main()
