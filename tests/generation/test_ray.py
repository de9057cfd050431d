"""Chat models under the engine `ray`: documents are read by many workers, models are asked by the driver alone."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from reportlab.pdfgen.canvas import Canvas
from scripted import ROLES, answer, make_text
from server import Call, Reaction, ScriptedServer

from docrerank.chat import Budget, BudgetReached
from docrerank.generation import generate
from docrerank.pages import ingest
from docrerank.recipe import load_recipe
from docrerank.runs import Run

pytestmark = pytest.mark.ray
#: What the scripted server bills for a call.
TOKENS = 110


def make_run(folder: Path, url: str, engine: str) -> Run:
    keys = [
        f"generate.{role}.{key}"
        for role in ROLES
        for key in ("by=model", f"base_url={url}", "model=scripted", "sees=text")
    ]
    keys += [f"generate.{role}.max_concurrency=5" for role in ROLES]
    keys += [f"generate.{role}.price_{way}=1" for role in ROLES for way in ("input", "output")]
    keys += [f"engine={engine}", "workers=2", "generate.near_duplicate=1.0", "ingest.ocr=never"]
    return Run.create(folder, load_recipe("cpu", keys))


def write_pdfs(folder: Path) -> Path:
    folder.mkdir()
    for document in range(4):
        canvas = Canvas(str(folder / f"volume-{document}.pdf"), invariant=1)
        for number in range(1, 6):
            for row, line in enumerate(make_text(document, number).splitlines()):
                canvas.drawString(72, 700 - 14 * row, line)
            canvas.showPage()
        canvas.save()
    return folder


def test_two_workers_keep_one_budget_and_one_rate_and_end_with_what_the_local_engine_makes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ray = pytest.importorskip("ray")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    pdfs = write_pdfs(tmp_path / "pdfs")
    with ScriptedServer(lambda call: slow(call)) as server:
        run = make_run(tmp_path / "ray", server.base_url, "ray")
        ingest(run, [pdfs])
        ray.shutdown()
        with pytest.raises(BudgetReached):
            generate(run, budget=Budget(money=0.02))
        assert 0 < sum(server.paid.values()) * TOKENS <= 20_000
        generate(run)
        assert server.peak <= 5
        assert [times for text, times in server.paid.items() if times > 1 and "the word hello" not in text] == []
        local = make_run(tmp_path / "local", server.base_url, "local")
        ingest(local, [pdfs])
        generate(local)
    assert sorted(map(repr, run.queries.read())) == sorted(map(repr, local.queries.read()))
    assert any(query.kind == "hard_negative" for query in run.queries.read())


def slow(call: Call) -> Reaction:
    return Reaction(answer(call), delay=0.005)
