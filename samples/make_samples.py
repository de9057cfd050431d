"""Writes the sample benchmark, or random annual reports whose facts are known.

    python samples/make_samples.py                          the shipped files, in samples/benchmark
    python samples/make_samples.py --out DIR                the same files elsewhere
    python samples/make_samples.py --reports 50 --out DIR   50 reports and DIR/facts.json; --seed for others

All companies, people and figures are invented.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from maker.benchmark import write_benchmark
from maker.random_reports import write_reports

HERE = Path(__file__).resolve().parent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=HERE / "benchmark", help="folder to write into")
    parser.add_argument("--reports", type=int, help="write this many random annual reports instead")
    parser.add_argument("--seed", type=int, default=0, help="other reports for another seed")
    options = parser.parse_args()
    if options.reports is None:
        asked, near = write_benchmark(options.out)
        print(f"{asked} answerable and {near} unanswerable questions in {options.out}")
        return
    if options.out == parser.get_default("out"):
        parser.error("--reports needs --out")
    facts = write_reports(options.reports, options.out, options.seed)
    print(f"{options.reports} reports with {len(facts)} facts in {options.out}")


if __name__ == "__main__":
    main()
