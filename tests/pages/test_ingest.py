from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from docrerank.pages import ingest, plan_ingest
from docrerank.records import MissingExtra, UserError
from docrerank.runs import Run

MakePdf = Callable[..., Path]
MakeRun = Callable[..., Run]
NEVER = "ingest.ocr=never"


def contents(run: Run) -> dict[str, bytes]:
    """The bytes of every part, with its rejected rows."""
    return {str(p.relative_to(run.path)): p.read_bytes() for p in sorted(run.path.rglob("*.parquet"))}


def reasons(run: Run) -> dict[str, str]:
    return {Path(row.subject).name: row.reason for row in run.rejected("ingest").read()}


def test_the_good_documents_are_read_and_the_bad_ones_have_a_row(
    make_pdf: MakePdf, make_run: MakeRun, five_words: list[str], tmp_path: Path
) -> None:
    make_pdf("in/good.pdf", [five_words] * 3)
    (tmp_path / "in/bad.pdf").write_bytes(b"%PDF-1.4 and nothing")
    Image.new("1", (10_000, 10_000)).save(tmp_path / "in/huge.png")
    (tmp_path / "in/notes.txt").write_text("x")
    run, told = make_run("run", NEVER), []
    counts = ingest(run, [tmp_path / "in", tmp_path / "in/notes.txt"], lambda *state: told.append(state))
    assert reasons(run) == {"bad.pdf": "damaged", "huge.png": "too many pixels", "notes.txt": "not a PDF or image"}
    assert (counts["documents"], counts["pages"], counts["layer"], counts["rejected"]) == (1, 3, 3, 3)
    assert told == [(0, 3), (1, 3), (2, 3), (3, 3)]
    assert run.manifest.read()["stages"]["ingest"]["pages"] == 3
    assert [page.id for page in run.pages.read("good")] == ["good/1", "good/2", "good/3"]


def test_two_ingests_give_equal_bytes_with_one_worker_or_two(
    make_pdf: MakePdf, make_run: MakeRun, five_words: list[str], tmp_path: Path
) -> None:
    for name in "abc":
        make_pdf(f"in/{name}.pdf", [[*five_words, name]] * 4)
    (tmp_path / "in/bad.pdf").write_bytes(b"%PDF-")
    runs = [make_run("one", NEVER), make_run("two", NEVER, "workers=2")]
    for run in runs:
        ingest(run, [tmp_path / "in"])
    assert contents(runs[0]) == contents(runs[1])


def test_the_same_command_reads_nothing_again_and_a_changed_file_only_itself(
    make_pdf: MakePdf, make_run: MakeRun, five_words: list[str], tmp_path: Path
) -> None:
    for name in "ab":
        make_pdf(f"in/{name}.pdf", [five_words])
    run = make_run("run", NEVER)
    assert ingest(run, [tmp_path / "in"])["read"] == 2
    before = contents(run)
    assert ingest(run, [tmp_path / "in"])["read"] == 0
    assert contents(run) == before
    make_pdf("in/b.pdf", [[*five_words, "changed"]])
    assert [document.stem for document in plan_ingest(run, [tmp_path / "in"]).todo] == ["b"]
    assert ingest(run, [tmp_path / "in"])["read"] == 1
    assert contents(run)["pages/a.parquet"] == before["pages/a.parquet"]
    assert contents(run)["pages/b.parquet"] != before["pages/b.parquet"]


def test_a_changed_recipe_redoes_all_and_a_document_that_left_is_dropped(
    make_pdf: MakePdf, make_run: MakeRun, five_words: list[str], tmp_path: Path
) -> None:
    for name in "ab":
        make_pdf(f"in/{name}.pdf", [five_words])
    ingest(make_run("run", NEVER), [tmp_path / "in"])
    other = make_run("run", NEVER, "ingest.max_page_words=9")
    assert len(plan_ingest(other, [tmp_path / "in"]).todo) == 2
    (tmp_path / "in/b.pdf").unlink()
    run = make_run("run", NEVER)
    counts = ingest(run, [tmp_path / "in"])
    assert (counts["documents"], run.pages.names()) == (1, ["a"])
    assert set(run.rejected("ingest").names()) == {"/sources", "a"}


def test_a_run_of_which_nothing_can_be_read_fails_with_the_reason(make_run: MakeRun, tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(b"no PDF")
    with pytest.raises(UserError, match=r"no page could be read; .*a\.pdf: not a PDF"):
        ingest(make_run("run", NEVER), [tmp_path / "a.pdf"])


def test_ocr_of_every_page_without_ocr_installed_fails_before_anything_is_read(
    monkeypatch: pytest.MonkeyPatch, make_pdf: MakePdf, make_run: MakeRun
) -> None:
    monkeypatch.setattr(importlib.import_module("docrerank.pages.ingest"), "has_ocr", lambda: False)
    with pytest.raises(MissingExtra, match=r"docrerank\[ocr\]"):
        ingest(make_run("run", "ingest.ocr=always"), [make_pdf("a.pdf", [["text"]])])


CHILD = """
import sys
from docrerank.pages import ingest
from docrerank.runs import Run
if __name__ == "__main__":
    with Run.open(sys.argv[1]).locked():
        ingest(Run.open(sys.argv[1]), [sys.argv[2]])
"""


def test_a_killed_ingest_goes_on_and_ends_with_the_same_parts(
    make_pdf: MakePdf, make_run: MakeRun, five_words: list[str], tmp_path: Path
) -> None:
    for name in range(12):
        make_pdf(f"in/d{name:02d}.pdf", [five_words] * 60)
    (tmp_path / "child.py").write_text(CHILD)
    run = make_run("killed", NEVER)
    command = [sys.executable, str(tmp_path / "child.py"), str(run.path), str(tmp_path / "in")]
    child = subprocess.Popen(command, start_new_session=True)
    while child.poll() is None and len(run.pages.names()) < 3:
        time.sleep(0.005)
    os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    done = len(run.pages.names())
    assert 3 <= done < 12
    with run.locked():
        assert ingest(run, [tmp_path / "in"])["read"] == 12 - done
    whole = make_run("whole", NEVER)
    ingest(whole, [tmp_path / "in"])
    assert contents(run) == contents(whole)
    assert not list(run.path.rglob("*.tmp"))
