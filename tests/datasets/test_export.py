"""The released schema, and what holds for every form."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from docrerank.datasets import FORMS, ExportOptions, export_run
from docrerank.records import Query, UserError
from docrerank.runs import Run

datasets = pytest.importorskip("datasets")
MakeRun = Callable[..., Run]
HF = ExportOptions("hf", pixels=30_000)


def contents(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_the_released_schema_is_what_datasets_reads(sets: Callable[[str], Path], tmp_path: Path) -> None:
    rows = datasets.load_dataset("parquet", data_files=str(sets("hf") / "data" / "*.parquet"), split="train")
    assert rows.column_names[:4] == ["image", "positive_queries", "negative_queries", "answer"]
    assert isinstance(rows.features["image"], datasets.Image)
    assert rows.num_rows == 9
    row = rows[0]
    assert isinstance(row["image"], Image.Image)
    assert row["image"].width * row["image"].height <= 30_000
    assert row["positive_queries"][0] == "How high were the costs of acme in 2020?"
    assert row["negative_queries"] == [
        [f"How high were the costs of acme in {year}?" for year in (2017, 2018, 2031)],
        [],
    ]
    assert row["answer"] == ["11 million", "日本 10"]
    assert (row["page_id"], row["document"], row["page_number"]) == ("acme/1", "acme", 1)
    assert row["rephrased_queries"] == [["costs acme 2020"], []]
    queries = row["queries"]
    assert [query["kind"] for query in queries] == ["positive", "rephrased", *["hard_negative"] * 3, "positive"]
    assert [query["property"] for query in queries] == ["", "", "year", "year", "year", ""]
    assert [(query["yes"], query["no"]) for query in queries] == [(2, 0), (2, 0), (0, 2), (0, 2), (0, 2), (2, 0)]
    assert (queries[0]["writer"], queries[1]["level"]) == ("writer/1", 2)


def test_the_card_names_the_tables_that_load_dataset_finds(sets: Callable[[str], Path]) -> None:
    rows = datasets.load_dataset(str(sets("hf")), split="train")
    assert rows.num_rows == 9
    card = (sets("hf") / "README.md").read_text()
    for part in ("| positive | 18 |", "| hard negatives: year | 27 |", "`judge-3`", "Not audited", "`writer/1`"):
        assert part in card
    assert str(sets("hf").parent) not in card


@pytest.mark.slow
def test_two_exports_give_equal_bytes_with_one_worker_or_two(make_run: MakeRun, tmp_path: Path) -> None:
    one = make_run()
    export_run(one, tmp_path / "one", HF)
    two = Run(one.path, one.recipe.model_copy(update={"workers": 2}))
    export_run(two, tmp_path / "two", HF)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_the_same_export_is_not_done_again_and_another_is_refused(make_run: MakeRun, tmp_path: Path) -> None:
    run, out = make_run(), tmp_path / "set"
    assert export_run(run, out, HF)["redone"] == 1
    before = contents(out)
    again = export_run(run, out, HF)
    assert (again["redone"], again["rows"]) == (0, {"default": {"train": 9}})
    assert contents(out) == before
    with pytest.raises(UserError, match="is not empty"):
        export_run(run, out, ExportOptions("beir"))


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_written_and_says_what_is_in_it(form: str, sets: Callable[[str], Path]) -> None:
    folder = sets(form)
    manifest = json.loads((folder / "docrerank.json").read_text())
    assert manifest["form"] == form
    assert "## Load" in (folder / "README.md").read_text()
    assert not list(folder.rglob(".*"))


@pytest.mark.slow
def test_a_killed_export_leaves_nothing_and_is_done_anew(make_run: MakeRun, tmp_path: Path) -> None:
    run, out = make_run(documents=tuple(f"d{number:02}" for number in range(20))), tmp_path / "set"
    script = tmp_path / "script.py"
    script.write_text(
        "import sys; from pathlib import Path; from docrerank.datasets import *; from docrerank.runs import Run\n"
        "if __name__ == '__main__':\n"
        f"    export_run(Run.open({str(run.path)!r}), Path({str(out)!r}), ExportOptions('hf', pixels=200_000))\n"
    )
    process = subprocess.Popen([sys.executable, script], start_new_session=True)
    partial = tmp_path / ".set.partial" / "set" / "data"
    while not partial.exists() and process.poll() is None:
        time.sleep(0.01)
    assert process.poll() is None, "it ended before it could be killed"
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not out.exists()
    export_run(run, out, HF)
    assert datasets.load_dataset(str(out), split="train").num_rows == 60
    assert not (tmp_path / ".set.partial").exists()


def test_a_page_whose_file_has_changed_or_gone_is_left_out_and_told(make_run: MakeRun, tmp_path: Path) -> None:
    run = make_run()
    pdfs = tmp_path / "pdfs"
    (pdfs / "bolt.pdf").write_bytes((pdfs / "acme.pdf").read_bytes())
    (pdfs / "crane.pdf").unlink()
    told = export_run(run, tmp_path / "set", HF)
    assert told["rows"] == {"default": {"train": 3}}
    assert set(told["missing"]) == {f"{name}/{number}" for name in ("bolt", "crane") for number in (1, 2, 3)}
    assert "has changed" in told["missing"]["bolt/1"]
    assert "'crane.pdf' is gone" in told["missing"]["crane/1"]
    assert str(tmp_path) not in (tmp_path / "set" / "docrerank.json").read_text()
    lists = export_run(run, tmp_path / "lists", ExportOptions("labeled-list", pixels=10_000))
    rows = datasets.load_dataset(str(tmp_path / "lists"), "generated", split="train")
    assert {page.partition("/")[0] for page in rows["page_id"]} == {"acme"}
    assert lists["left_out"]["its page could not be drawn"] > 0


def test_no_page_at_all_is_an_error(make_run: MakeRun, tmp_path: Path) -> None:
    run = make_run()
    for pdf in (tmp_path / "pdfs").iterdir():
        pdf.unlink()
    with pytest.raises(UserError, match="no page could be drawn"):
        export_run(run, tmp_path / "set", HF)
    assert not (tmp_path / "set").exists()


def test_a_hard_negative_that_its_page_answers_is_left_out(make_run: MakeRun, tmp_path: Path) -> None:
    run = make_run()
    queries = list(run.queries.read("acme"))
    queries[2] = dataclasses.replace(queries[2], answered_by=("acme/1",))
    same = Query(
        "acme/1#0/x", "acme/1", f"  {queries[0].text.upper().rstrip('?')}", "hard_negative", "question", "acme/1#0"
    )
    lost = Query("acme/1#9/x", "acme/1", "lost", "hard_negative", "question", "acme/1#9")
    run.queries.write("acme", [*queries, same, lost], "changed")
    told = export_run(run, tmp_path / "set", HF)
    reasons = ("its page answers it", "its positive is not in the run", "its words are a positive of its page")
    assert told["left_out"] == dict.fromkeys(reasons, 1)
    row = datasets.load_dataset(str(tmp_path / "set"), split="train")[0]
    assert len(row["negative_queries"][0]) == 2


def test_images_that_came_as_images_keep_their_bytes(tmp_path: Path, make_run: MakeRun) -> None:
    from docrerank.pages import read_files
    from docrerank.recipe import Ingest, load_recipe

    run = Run.create(tmp_path / "run", load_recipe("cpu", ["workers=1"]))
    Image.new("RGB", (50, 60), "red").save(tmp_path / "scan.jpg")
    [page] = read_files([tmp_path / "scan.jpg"], Ingest(ocr="never"))[0]
    run.pages.write("scan", [page], "x")
    run.queries.write("scan", [Query("scan/1#0", "scan/1", "What is it?", "positive", "question")], "x")
    export_run(run, tmp_path / "set", HF)
    raw = datasets.load_dataset(str(tmp_path / "set"), split="train").cast_column(
        "image", datasets.Image(decode=False)
    )
    assert raw[0]["image"]["bytes"] == (tmp_path / "scan.jpg").read_bytes()
    assert raw[0]["image"]["path"] == f"{page.sha256}.jpg"
    export_run(run, tmp_path / "small", ExportOptions("hf", pixels=1_000))
    raw = datasets.load_dataset(str(tmp_path / "small"), split="train").cast_column(
        "image", datasets.Image(decode=False)
    )
    small = Image.open(io.BytesIO(raw[0]["image"]["bytes"]))
    assert small.format == "PNG"
    assert small.width * small.height <= 1_000


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (ExportOptions("csv"), "no form 'csv': the forms of a run are hf, triplet"),
        (ExportOptions("hf", pixels=0), "at least 1"),
    ],
)
def test_a_wrong_option_is_told(options: ExportOptions, message: str, whole_run: Run, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=message):
        export_run(whole_run, tmp_path / "set", options)


def test_a_run_without_queries_has_nothing_to_export(make_run: MakeRun, tmp_path: Path) -> None:
    run = make_run()
    run.queries.keep_only([])
    with pytest.raises(UserError, match="no page with a query"):
        export_run(run, tmp_path / "set", HF)


def test_two_exports_do_not_write_one_target(whole_run: Run, tmp_path: Path) -> None:
    from docrerank.datasets.write_set import _staged

    with _staged(tmp_path / "set") as folder:
        with pytest.raises(UserError, match="another docrerank works on"):
            export_run(whole_run, tmp_path / "set", HF)
        (folder / "a").write_text("")
    assert (tmp_path / "set" / "a").is_file()


def test_exporting_needs_neither_datasets_nor_torch() -> None:
    code = "import sys, docrerank.datasets; print({'datasets', 'torch', 'huggingface_hub'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
