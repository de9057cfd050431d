"""ColPali's train set, and the paper's mined set over a corpus of pages, in their published layouts."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image
from typer.testing import CliRunner

from docrerank.cli.app import app
from docrerank.datasets import ImportOptions, import_dataset
from docrerank.recipe import load_recipe
from docrerank.records import UserError
from docrerank.runs import Run

NO_OCR = ImportOptions(ocr="never")
IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
PAGES = 12


def encode(number: int) -> dict[str, Any]:
    buffer = io.BytesIO()
    Image.new("RGB", (60, 80), (20 * number % 256, 100, 50)).save(buffer, "PNG")
    return {"bytes": buffer.getvalue(), "path": None}


def write(folder: Path, rows: list[dict[str, Any]], schema: dict[str, pa.DataType]) -> Path:
    (folder / "data").mkdir(parents=True)
    table = pa.Table.from_pylist(rows, pa.schema(list(schema.items())))
    pq.write_table(table, folder / "data" / "train-00000-of-00001.parquet")
    return folder


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    rows = [{"image": encode(n), "docid": f"d{n}"} for n in range(PAGES)]
    return write(tmp_path / "corpus", rows, {"image": IMAGE, "docid": pa.string()})


def mined_set(folder: Path, key: Any, kind: pa.DataType) -> Path:
    rows = [
        {
            "query": f"What was figure {n}?",
            "positive_passages": [key(n)],
            "negative_passages": [key(other) for other in range(PAGES)],
            "gold_in_top_100": n != 3,
        }
        for n in range(6)
    ]
    rows.append({**rows[0], "query": "What is on a lost page?", "positive_passages": [key(99)]})
    kinds = {"query": pa.string(), "positive_passages": pa.list_(kind), "negative_passages": pa.list_(kind)}
    return write(folder, rows, {**kinds, "gold_in_top_100": pa.bool_()})


def test_a_mined_set_gives_pages_their_queries_and_three_of_ten_wrong_pages(corpus: Path, tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run", load_recipe("cpu"))
    assert import_dataset(run, str(corpus), NO_OCR)["pages"] == PAGES
    mined = mined_set(tmp_path / "mined", lambda n: f"d{n}", pa.string())
    counts = import_dataset(run, str(mined), NO_OCR)
    assert (counts["positive"], counts["mined"]) == (5, 15)
    assert counts["rejected"] == {"its page is not in the run": 1, "its page is not among the first 100": 1}
    texts = {query.id: (query.text, query.page_id) for query in run.queries.read()}
    assert ("What was figure 0?", "corpus-00000/1") in texts.values()
    rows = list(run.mined.read())
    assert all(row.page_id != texts[row.query_id][1] for row in rows)
    assert {row.page_id for row in rows} <= {f"corpus-00000/{n}" for n in range(1, 12)}, "of the first ten"
    again = import_dataset(run, str(mined), NO_OCR)
    assert (again["positive"], list(run.mined.read())) == (5, rows)
    assert import_dataset(run, str(corpus), NO_OCR)["redone"] == 0, "the pages are still done"
    assert len(list(run.queries.read())) == 5


def test_rows_of_colpalis_train_set_are_pages_that_a_mined_set_may_number(tmp_path: Path) -> None:
    rows = [
        {"image": encode(n), "query": f"What was figure {n}?", "answer": str(n) if n % 2 else None, "source": "pdf"}
        for n in range(PAGES)
    ]
    kinds = dict.fromkeys(("query", "answer", "source"), pa.string())
    run = Run.create(tmp_path / "run", load_recipe("cpu"))
    first = import_dataset(run, str(write(tmp_path / "train", rows, {"image": IMAGE, **kinds})), NO_OCR)
    assert (first["pages"], first["positive"], first["rejected"]) == (PAGES, PAGES, {})
    assert {query.answer for query in run.queries.read()} == {"", "1", "3", "5", "7", "9", "11"}
    import_dataset(run, str(mined_set(tmp_path / "mined", int, pa.int64())), NO_OCR)
    assert len(list(run.queries.read())) == PAGES, "a query that is there keeps its id"
    assert len(list(run.mined.read())) == 15


def test_a_mined_set_without_its_pages_says_what_to_import_first(corpus: Path, tmp_path: Path) -> None:
    mined = mined_set(tmp_path / "mined", lambda n: f"other{n}", pa.string())
    run = Run.create(tmp_path / "run", load_recipe("cpu"))
    with pytest.raises(UserError, match="import the set with its pages first"):
        import_dataset(run, str(mined), NO_OCR)
    import_dataset(run, str(corpus), NO_OCR)
    with pytest.raises(UserError, match="names no page of the run"):
        import_dataset(run, str(mined), NO_OCR)


def test_the_papers_control_trains_on_an_imported_mined_set(corpus: Path, tiny_base: Path, tmp_path: Path) -> None:
    mined = mined_set(tmp_path / "mined", lambda n: f"d{n}", pa.string())
    small = ["train.groups=4", "train.batch_groups=2", "train.evaluations=1", "train.dev_pages=4", "workers=1"]
    small += ["train.dev_queries=4", "vision.pixels=15680", "vision.lora_rank=2", "vision.loader_workers=0"]
    small += ["vision.dev_candidates=3", f"train.base={tiny_base}"]
    options = [part for value in small for part in ("--set", value)]
    told = run_command("import", corpus, mined, "--recipe", "paper-mined", "--out", tmp_path / "RUN", *options)
    assert "has no mined pages" not in told
    run_command("train", tmp_path / "RUN")
    counts = Run.open(tmp_path / "RUN").manifest.read()["stages"]["train"]
    assert counts["mined_groups"] > 0 == counts["generated_groups"]


def test_the_hint_at_mining_names_ocr_for_a_model_of_images(corpus: Path, tiny_base: Path, tmp_path: Path) -> None:
    options = ("--recipe", "paper", "--set", f"train.base={tiny_base}", "--set", "workers=1")
    assert "import them with --ocr always" in run_command("import", corpus, "--out", tmp_path / "RUN", *options)


def run_command(*arguments: object) -> str:
    done = CliRunner().invoke(app, [*map(str, arguments)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output
