"""Asks a benchmark's questions of all its documents at once, not each of its own: the paper's hard case.

    python benchmarks/collection_wide.py BENCHMARK --out WIDE
    docrerank evaluate RUN --benchmark WIDE

WIDE is BENCHMARK without the documents' names in the questions' metadata; it links the PDFs and keeps the relevant
pages. This is fair only if a question itself names its company and year, as those of `filings` do; a question such as
"What is shown on page 4?" then has many answers that nobody has judged.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
from pathlib import Path


def widen(benchmark: Path, out: Path) -> int:
    """Write the benchmark; returns the number of its questions."""
    for folder in ("corpus", "qrels"):
        (out / folder).mkdir(parents=True, exist_ok=True)
    for file in sorted((benchmark / "corpus").glob("*.pdf")):
        link = out / "corpus" / file.name
        if not link.exists():
            os.symlink(file.resolve(), link)
    shutil.copyfile(benchmark / "qrels" / "test.tsv", out / "qrels" / "test.tsv")
    rows = [json.loads(line) for line in (benchmark / "queries.jsonl").read_text("utf-8").splitlines() if line.strip()]
    for row in rows:
        row.setdefault("metadata", {}).pop("document", None)
    lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (out / "queries.jsonl").write_text("".join(lines), "utf-8")
    return len(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("benchmark", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    print(f"{args.out}: {widen(args.benchmark, args.out)} questions, each asked of all documents")


if __name__ == "__main__":
    main()
