"""Does memory stay flat? Peak memory and time of importing a set of the released schema, by its rows.

python benchmarks/import_size.py [ROWS ...]      # 10,000, 30,000 and 100,000 by default; seed 13

The script makes the rows: small drawn pages, none twice, with positives and hard negatives as in the released sets and
no document named. Each import is a separate process with two workers, without OCR.
"""

from __future__ import annotations

import io
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from exchange import watching
from PIL import Image, ImageDraw

from docrerank.datasets import ImportOptions, import_dataset
from docrerank.recipe import load_recipe
from docrerank.runs import Run

SEED = 13
ROWS_PER_FILE, ROWS_PER_GROUP = 5_000, 100
POSITIVES, NEGATIVES = 3, 3
SIZE = (112, 144)
SCHEMA = pa.schema(
    [
        ("image", pa.struct([("bytes", pa.binary()), ("path", pa.string())])),
        ("positive_queries", pa.list_(pa.string())),
        ("negative_queries", pa.list_(pa.list_(pa.string()))),
        ("answer", pa.list_(pa.string())),
    ]
)


def write_set(folder: Path, rows: int) -> None:
    """Parquet files as the hub has them, a few rows held at a time."""
    chance, made = random.Random(SEED), 0
    (folder / "data").mkdir(parents=True)
    while made < rows:
        count = min(ROWS_PER_FILE, rows - made)
        with pq.ParquetWriter(folder / "data" / f"train-{made // ROWS_PER_FILE:05}.parquet", SCHEMA) as writer:
            for start in range(made, made + count, ROWS_PER_GROUP):
                numbers = range(start, min(start + ROWS_PER_GROUP, made + count))
                writer.write_table(pa.Table.from_pylist([make_row(number, chance) for number in numbers], SCHEMA))
        made += count


def make_row(number: int, chance: random.Random) -> dict[str, Any]:
    positives = list(make_queries(number, chance))
    return {
        "image": {"bytes": draw_page(number, chance), "path": f"{number}.png"},
        "positive_queries": positives,
        "negative_queries": [[f"{text[:-6]} {1990 + place}?" for place in range(NEGATIVES)] for text in positives],
        "answer": [str(chance.randrange(10_000)) for _ in positives],
    }


def make_queries(number: int, chance: random.Random) -> Iterator[str]:
    for place in range(POSITIVES):
        words = " ".join(chance.choice(("revenue", "staff", "plant", "water", "debt", "region")) for _ in range(4))
        yield f"What was figure {place} of page {number} on {words} in 2021?"


def draw_page(number: int, chance: random.Random) -> bytes:
    image, buffer = Image.new("RGB", SIZE, "white"), io.BytesIO()
    draw = ImageDraw.Draw(image)
    draw.text((4, 4), str(number), "black")
    for row in range(20, SIZE[1], 12):
        draw.rectangle((4, row, chance.randrange(20, SIZE[0]), row + 6), fill=chance.randrange(1 << 24))
    image.save(buffer, "PNG")
    return buffer.getvalue()


def measure(folder: Path) -> None:
    """One import in this process, so that peaks are its own."""
    run, started = Run.create(folder / "run", load_recipe("cpu", ["workers=2"])), time.perf_counter()
    with watching() as peaks:
        counts = import_dataset(run, str(folder / "set"), ImportOptions(ocr="never"))
    seconds, rows = time.perf_counter() - started, counts["pages"]
    print(
        f"{rows:,} rows: main process {peaks['main']} MiB, worker {peaks['worker']} MiB, {seconds:.0f} s, "
        f"{1_000 * seconds / rows:.1f} s per 1,000 rows; {counts['positive']:,} positives, "
        f"{counts['hard_negative']:,} hard negatives, rejected {counts['rejected']}",
        flush=True,
    )


def main() -> None:
    if sys.argv[1:2] == ["--measure"]:
        measure(Path(sys.argv[2]))
        return
    for rows in [int(word.replace(",", "")) for word in sys.argv[1:]] or [10_000, 30_000, 100_000]:
        with tempfile.TemporaryDirectory(prefix="import-size-") as folder:
            write_set(Path(folder) / "set", rows)
            subprocess.run([sys.executable, __file__, "--measure", folder], check=True)


if __name__ == "__main__":
    main()
