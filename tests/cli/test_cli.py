"""The command line as a user meets it: real processes, real files."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas
from typer.testing import CliRunner

from docrerank.cli.app import app, main
from docrerank.records import UserError
from docrerank.runs import Run

SMALL = (
    "--set=workers=1",
    "--set=train.groups=8",
    "--set=train.batch_groups=4",
    "--set=train.evaluations=1",
    "--set=train.dev_pages=6",
    "--set=train.dev_queries=8",
    "--set=evaluate.resamples=100",
)
FACTS = (
    "Net revenue increased by {n}% in 20{n} to ${n}.5 million for the group.",
    "In all, {n}% of visitors of hall {n} say they paid by card in 20{n}.",
    "Operating expenses of plant {n} were ${n}1 million in 20{n}.",
)


def write_pdf(path: Path, pages: int, first: int = 11, password: str | None = None) -> Path:
    canvas = Canvas(str(path), encrypt=StandardEncryption(password) if password else None, invariant=1)
    for number in range(first, first + pages):
        for row, fact in enumerate(FACTS):
            canvas.drawString(72, 700 - 30 * row, fact.format(n=number))
        canvas.showPage()
    canvas.save()
    return path


def ask(*arguments: object) -> Any:
    """A verb in this process, which has what takes seconds to import; one that fails raises its error."""
    return CliRunner().invoke(app, [*map(str, arguments)], catch_exceptions=False)


def call_main(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    """The exit code of the whole command line in this process."""
    monkeypatch.setattr(sys, "argv", ["docrerank", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("benchmark")
    (folder / "corpus").mkdir()
    write_pdf(folder / "corpus" / "north.pdf", 4, 11)
    write_pdf(folder / "corpus" / "south.pdf", 4, 31)
    write_pdf(folder / "corpus" / "west.pdf", 4, 51)
    queries = [
        {"_id": "a", "text": "How much did net revenue grow in 2012?", "metadata": {"document": "north"}},
        {"_id": "b", "text": "What share of visitors of hall 33 paid by card?", "metadata": {"document": "south"}},
        {"_id": "c", "text": "Net revenue growth in 2099", "metadata": {"document": "north", "answerable": False}},
    ]
    (folder / "queries.jsonl").write_text("".join(json.dumps(query) + "\n" for query in queries))
    (folder / "qrels").mkdir()
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\na\tnorth/2\t1\nb\tsouth/3\t1\n")
    return folder


def finish(corpus: Path, out: Path) -> str:
    """Begin or go on with a run to its end, in this process; returns what it told."""
    return str(ask("run", corpus / "corpus", "--benchmark", corpus, "--out", out, *SMALL).stderr)


@pytest.fixture(scope="module")
def finished(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "whole"
    finish(corpus, out)
    return out


def results(out: Path) -> tuple[object, ...]:
    """What a run made, without its timings."""
    run = Run.open(out)
    evaluation = json.loads(run.evaluation.read_text())
    metrics = [
        {name: system.get("metrics") for name, system in query["systems"].items()} for query in evaluation["queries"]
    ]
    weights = next(run.model.rglob("model.safetensors")).read_bytes()
    tables = [list(part.read()) for part in (run.pages, run.queries, run.verdicts, run.mined)]
    return *tables, metrics, weights


def write_times(out: Path) -> dict[Path, int]:
    """When each part and the model's weights were written."""
    folders = ("pages", "queries", "verdicts", "mined", "model")
    return {path: path.stat().st_mtime_ns for name in folders for path in (out / name).rglob("*.*")}


def test_a_run_leaves_a_model_an_evaluation_and_a_report(finished: Path) -> None:
    assert (finished / "report.html").read_text().startswith("<!doctype html>".upper()) or (
        finished / "report.html"
    ).read_text().lower().startswith("<!doctype html>")
    assert len(results(finished)[4]) == 3  # type: ignore[arg-type]


def test_the_same_command_again_redoes_nothing(corpus: Path, finished: Path) -> None:
    before = write_times(finished)
    told = finish(corpus, finished)
    assert write_times(finished) == before
    assert re.search(r"train: as before \(\d+ s\)", told)
    assert f'next: docrerank search {finished} "your question"' in told


def kill_when(corpus: Path, out: Path, sign: str) -> None:
    """Begin or go on with a run, and kill all its processes as soon as there is such a file."""
    command = (sys.executable, "-m", "docrerank.cli", "run", corpus / "corpus", "--benchmark", corpus, "--out", out)
    quiet = subprocess.DEVNULL
    process = subprocess.Popen([*map(str, command), *SMALL], stderr=quiet, stdout=quiet, start_new_session=True)
    while not any(out.glob(sign)) and process.poll() is None:
        time.sleep(0.01)
    assert process.poll() is None, f"it ended before it could be killed at {sign}"
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@pytest.mark.parametrize(
    "signs",
    [
        ("training/checkpoint.pt",),
        pytest.param(("written/*.parquet", "mined/*.parquet", "training/checkpoint.pt"), marks=pytest.mark.slow),
    ],
)
@pytest.mark.slow
def test_a_killed_run_goes_on_and_ends_the_same(
    corpus: Path, finished: Path, tmp_path: Path, signs: tuple[str, ...]
) -> None:
    for sign in signs:
        kill_when(corpus, tmp_path, sign)
    finish(corpus, tmp_path)
    assert results(tmp_path) == results(finished)


def test_a_changed_document_is_the_only_one_written_again(corpus: Path, tmp_path: Path) -> None:
    for name in ("north.pdf", "south.pdf"):
        (tmp_path / name).write_bytes((corpus / "corpus" / name).read_bytes())
    out = tmp_path / "RUN"
    arguments = (
        "run",
        tmp_path / "north.pdf",
        tmp_path / "south.pdf",
        "--out",
        out,
        "--to",
        "generate",
        "--set=workers=1",
    )
    ask(*arguments)
    before = {part.name: part.stat().st_mtime_ns for part in (out / "written").glob("*.parquet")}
    write_pdf(tmp_path / "south.pdf", 3, 71)
    ask(*arguments)
    after = {part.name: part.stat().st_mtime_ns for part in (out / "written").glob("*.parquet")}
    assert after["north.parquet"] == before["north.parquet"]
    assert after["south.parquet"] != before["south.parquet"]


def test_bad_documents_are_named_and_the_rest_goes_on(tmp_path: Path) -> None:
    good, locked = write_pdf(tmp_path / "good.pdf", 2), write_pdf(tmp_path / "locked.pdf", 1, password="secret")
    cut = tmp_path / "cut.pdf"
    cut.write_bytes(good.read_bytes()[:400])
    done = ask("ingest", good, locked, cut, "--out", tmp_path / "RUN")
    assert "locked.pdf: encrypted" in done.stderr
    assert "cut.pdf: damaged" in done.stderr
    assert "1 document: 1 read, 2 left out; 2 pages" in done.stderr
    assert sum(1 for _ in Run.open(tmp_path / "RUN").pages.read()) == 2


def test_a_document_under_two_names_is_told(tmp_path: Path) -> None:
    first = write_pdf(tmp_path / "first.pdf", 3)
    write_pdf(tmp_path / "again.pdf", 3)
    assert "repeat" not in ask("ingest", first, "--out", tmp_path / "RUN").output
    assert "3 pages repeat 3 others" in ask("ingest", tmp_path, "--out", tmp_path / "RUN").output
    write_pdf(tmp_path / "again.pdf", 3, first=31)
    assert "repeat" not in ask("ingest", tmp_path, "--out", tmp_path / "RUN").output  # other numbers


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("ingest", "nothere.pdf", "--out", "R"), 1, "'nothere.pdf' does not exist"),
        (("run", "nothere.pdf", "--out", "R"), 1, "'nothere.pdf' does not exist"),
        (("generate", "nothere"), 1, "is not a run folder"),
        (("rerank", "nothere", "q", "nothere.pdf"), 1, "does not exist"),
        (("ingest", ".", "--out", "R", "--set", "ingest.orc=1"), 1, "did you mean 'ingest.ocr'"),
        (("nonesuch",), 2, "No such command"),
        (("run", "--out", "R"), 2, "Missing argument"),
    ],
)
def test_a_mistake_is_one_line_and_an_exit_code(
    arguments: tuple[str, ...],
    code: int,
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert call_main(monkeypatch, *arguments) == code
    told = capsys.readouterr().err
    assert message in told
    if code == 1:
        assert len(told.strip().splitlines()) == 1
        assert not (tmp_path / "R").exists()


def test_rerank_and_search_find_the_page_and_speak_json(corpus: Path, finished: Path) -> None:
    question = "What share of visitors of hall 33 paid by card?"
    found = json.loads(ask("search", finished, question, "--json").stdout)
    assert found["pages"][0]["page"] == "south/3"
    assert found["relevance"] > 0.9
    assert 0.5 < found["pages"][0]["probability"] <= found["probability"] < 1
    ranked = json.loads(ask("rerank", finished, question, corpus / "corpus" / "south.pdf", "--json").stdout)
    assert ranked["pages"][0]["page"] == "south/3"
    assert ranked["probability"] == pytest.approx(sum(page["probability"] for page in ranked["pages"]), abs=1e-3)
    told = ask("search", finished, question)
    assert f"a page answers with a probability of {found['probability']:.0%}" in told.stderr
    assert f"{found['pages'][0]['probability']:.0%}" in told.stdout


def test_two_processes_do_not_work_on_one_run(corpus: Path, finished: Path) -> None:
    with Run.open(finished).locked(), pytest.raises(UserError, match="another docrerank works on"):
        finish(corpus, finished)


@pytest.mark.slow
def test_a_threshold_is_calibrated_stored_and_used(finished: Path, tmp_path: Path) -> None:
    run, model = tmp_path / "RUN", tmp_path / "model"
    shutil.copytree(finished, run)
    shutil.copytree(finished / "model", model)
    card = model / "docrerank.json"
    card.write_text(json.dumps({**json.loads(card.read_text()), "made_from": "another run: no page is held out"}))
    done = ask("calibrate", run, "--model", model, "--false-answer-rate", 0.2, "--json")
    chosen = json.loads(done.stdout)
    assert chosen["false_answers"] <= 0.2
    assert json.loads(card.read_text())["relevance_threshold"] == chosen
    shutil.copy(card, run / "model")
    found = ask("search", run, "How many whales does Zebra keep in 1876?", "--json")
    assert json.loads(found.stdout)["answered"] is False
    told = ask("search", run, "How many whales does Zebra keep in 1876?")
    assert "no page answers this: relevance" in told.stderr
    with pytest.raises(UserError, match="unanswerable questions, 20 of each are needed: give judged questions"):
        ask("calibrate", finished)


def test_models_are_probed_on_pages_that_training_held_out(finished: Path, tmp_path: Path) -> None:
    done = ask("probe", finished, "minilm", "bm25", "--run", finished, "--out", tmp_path, "--json")
    found = json.loads(done.stdout)
    assert found["part"] == "dev"
    assert found["pages"] <= 4
    assert [model["difference_from_first"] is None for model in found["models"]] == [True, False, False]
    assert json.loads((tmp_path / "probe.json").read_text()) == found
    assert (tmp_path / "probe.html").is_file()
    with pytest.raises(UserError, match="no model in"):
        ask("probe", tmp_path / "nothing", "--run", finished)


@pytest.mark.slow
def test_a_run_and_its_documents_may_be_in_a_store(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("s3fs")
    monkeypatch.setenv("DOCRERANK_WORK", str(tmp_path / "machine"))
    url = f"file://{tmp_path}/store/RUN"
    assert ask("ingest", f"file://{corpus}", "--out", url, "--set=workers=1").exit_code == 0
    assert ask("generate", url).exit_code == 0
    names = [path.name for path in (tmp_path / "store" / "RUN").iterdir()]
    assert {"queries", "recipe.yaml", "run.json"} <= set(names)
    monkeypatch.setenv("DOCRERANK_WORK", str(tmp_path / "elsewhere"))
    assert ask("export", url, "--to", "triplet", "--out", tmp_path / "set").exit_code == 0
    assert (tmp_path / "set" / "README.md").is_file()


def test_what_cannot_be_in_a_store_is_refused_in_a_line(corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="must be a folder of this machine"):
        ask("ablate", tmp_path, "--out", "s3://bucket/arms")
    with pytest.raises(UserError, match="is no store's address"):
        ask("ingest", "https://example.org/a.pdf", "--out", tmp_path / "run")
