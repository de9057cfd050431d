"""How a run's positives differ in kind from what people ask: openings, lengths, types, side by side.

    python benchmarks/questions.py RUN... --people questions.jsonl [--people passages/questions.jsonl.gz] [--top 25]

People's questions are lines of JSON with a `text`, gzipped or not (a benchmark's `queries.jsonl`, a folder of human
questions). Where lines have a `passage`, their source is the part before its first colon or dash; otherwise each file
is a source. The distance is the total variation distance of two distributions: 0 alike, 1 disjoint.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from docrerank.runs import Run

#: The first that fits is a question's type.
TYPES: tuple[tuple[str, str], ...] = (
    ("percentage", r"percent|proportion|what share|%"),
    ("highest or lowest", r"\b(?:most|least|highest|lowest|largest|smallest|longest|fewest|top|\w+est)\b"),
    (
        "change or comparison",
        r"\b(?:changed?|different|difference|compared?|comparison|higher|lower|more than|less than|"
        r"increased?|decreased?|ratio|between|rise or fall)\b",
    ),
    ("count", r"\bhow many\b|\bnumber of\b"),
    ("amount", r"\bhow much\b|\bhow (?:long|old|large|big|far|often|high)\b"),
    ("yes or no", r"^(?:is|are|was|were|did|does|do|can|could|has|have|had|will|would|should|may|must)\b"),
    ("who", r"\bwho\b|\bwhose\b|\bwhom\b"),
    ("when", r"^when\b|\b(?:what|which) (?:year|date|month|day|time|quarter)\b"),
    ("where", r"^where\b|\b(?:what|which) (?:city|country|state|region|place)\b"),
    ("why", r"^why\b|\breasons?\b"),
    ("definition", r"\bmean(?:t|s|ing)?\b|\bdefined?\b|\bdefinition\b|^what (?:is|are) (?:an? )?\w+\?*$"),
    ("list", r"^(?:list|name)\b|^what are\b|^which .* are\b|\bwhat .* include\b"),
    ("how", r"^how\b"),
    ("which", r"\bwhich\b"),
    ("what", r"\bwhat\b"),
    ("keywords or request", r""),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--people", action="append", required=True, type=Path)
    parser.add_argument("--top", type=int, default=25)
    options = parser.parse_args()
    people = [read_questions(path) for path in options.people]
    own = [query.text for run in options.runs for query in Run.open(run).queries.read() if query.kind == "positive"]
    columns = [own, *people]
    counts = [f"{path.name} {len(texts)}" for path, texts in zip(options.people, people, strict=True)]
    print(f"positives {len(own)}; people's: {', '.join(counts)}")
    for title, describe in (("type", name_type), ("opening", open_with)):
        show(title, [share(map(describe, texts)) for texts in columns], options.top)
    print("\nwords: quantiles .1 .5 .9")
    for texts in columns:
        print("  " + " ".join(f"{q:.0f}" for q in np.quantile([len(text.split()) for text in texts], (0.1, 0.5, 0.9))))


def read_questions(path: Path) -> list[str]:
    """The texts of one file of JSON lines."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as lines:
        return [str(json.loads(line)["text"]) for line in lines if line.strip()]


def name_type(text: str) -> str:
    """The first type that fits."""
    return next(name for name, pattern in TYPES if re.search(pattern, text.lower()))


def open_with(text: str) -> str:
    """The first two words."""
    return " ".join(re.findall(r"[a-z']+", text.lower())[:2])


def share(names: Iterable[str]) -> dict[str, float]:
    counts = Counter(names)
    return {name: count / counts.total() for name, count in counts.items()}


def distance(one: dict[str, float], other: dict[str, float]) -> float:
    """Total variation distance."""
    return sum(abs(one.get(name, 0) - other.get(name, 0)) for name in {*one, *other}) / 2


def show(title: str, columns: Sequence[dict[str, float]], top: int) -> None:
    """The distributions side by side, the commonest of people's first."""
    mean = Counter[str]()
    for column in columns[1:]:
        mean.update({name: value / (len(columns) - 1) for name, value in column.items()})  # type: ignore[arg-type]
    apart = " ".join(f"{distance(columns[0], column):.2f}" for column in columns[1:])
    print(f"\n{title}: distance of the positives from each file: {apart}")
    for name in sorted({*mean, *columns[0]}, key=lambda name: -mean[name] - columns[0].get(name, 0))[:top]:
        print(f"  {name:24}" + "".join(f"{column.get(name, 0):8.1%}" for column in columns))


if __name__ == "__main__":
    main()
