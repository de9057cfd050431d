from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fixtures.rankings import make_collection
from reportlab.pdfgen.canvas import Canvas

from docrerank.evaluation import build_evaluation, names
from docrerank.evaluation.benchmark import BenchmarkQuery, PdfPages
from docrerank.evaluation.find_candidates import Candidates
from docrerank.evaluation.measured import Measured
from docrerank.evaluation.run_systems import RunResults
from docrerank.recipe import load_recipe
from docrerank.records import Page, Query, Rejected
from docrerank.report import write_report
from docrerank.runs import Run

HOSTILE = "<script>alert('1')</script><img src=x onerror=alert(2)> \"'`{{ 7*7 }} \u202e&amp;"
UNTRAINED = (names.BM25, names.FIRST_STAGE, names.FUSION)


def make_page(path: Path, number: int) -> Page:
    boxes = np.zeros((2, 4), np.float32)
    source = "ocr" if number == 2 else "layer"
    return Page(f"{path.stem}/{number}", path.stem, number, str(path), "0" * 64, 600, 800, "Net sales", source, boxes)


def make_queries(page_id: str, text: str) -> list[Query]:
    first = f"{page_id}#1"
    return [
        Query(
            first, page_id, f"{text} in 2019?", "positive", "question", answer=text, evidence=text, writer="rules/1"
        ),
        Query(f"{first}/r1", page_id, f"{text} 2019", "rephrased", "keywords", source_id=first, answer=text),
        Query(
            f"{first}/n1",
            page_id,
            f"{text} in {text}?",
            "hard_negative",
            "question",
            source_id=first,
            property="year",
            original="2019",
            edited=text,
            answered_by=("a/3",),
        ),
    ]


def write_pdf(path: Path, pages: int) -> Path:
    canvas = Canvas(str(path), invariant=1)
    for number in range(pages):
        canvas.drawString(60, 700, f"Net sales of page {number + 1}")
        canvas.showPage()
    canvas.save()
    return path


def write_evaluation(run: Run, text: str) -> None:
    """Real numbers of made-up rankings: the trained system lifts one question and drops the other."""
    queries = (
        BenchmarkQuery("q1", f"{text} one", evidence=(text, "Chart")),
        BenchmarkQuery("q2", f"{text} two"),
        BenchmarkQuery("q3", f"{text} three", answerable=False),
    )
    before = {"a/2": 0.9, "a/1": 0.5, "a/3": 0.1}
    after = {"a/1": 0.9, "a/2": 0.5, "a/3": 0.1}
    qrels = {"q1": {"a/1": 1}, "q2": {"a/2": 1}}
    collection = make_collection(queries, qrels, {"evidence": {"q1": queries[0].evidence}})
    start = names.STARTED_SEARCH["docrerank-mini"]
    measured = [
        Measured(name, False, {query.id: before for query in queries}, {"q1": 1.5}) for name in (*UNTRAINED, start)
    ]
    measured.append(Measured(names.TRAINED_FUSED, True, {query.id: after for query in queries}, {"q1": 1.5}))
    candidates = Candidates(names.FIRST_STAGE, {query.id: before for query in queries}, "")
    results = RunResults(measured, candidates, start, names.TRAINED_FUSED)
    found = build_evaluation(run, replace(collection, name=text), PdfPages({"a": run.pages}, 1), results)
    origin = {"command": text, "platform": "Linux"}
    run.evaluation.write_text(json.dumps({"made_from": "f00d", **found, **origin}))


def fill_run(folder: Path, text: str) -> Run:
    """A run after every stage, with one text wherever a document or a person may put one."""
    run = Run.create(folder / "RUN", load_recipe("cpu", ["workers=1", "evaluate.resamples=100"]))
    pdf = write_pdf(folder / "a.pdf", 3)
    run.pages.write("a", [make_page(pdf, number) for number in (1, 2, 3)], "f00d")
    run.rejected("ingest").write("b", [Rejected("ingest", f"/home/someone/{text}.pdf", text, text)], "f00d")
    run.queries.write("a", make_queries("a/1", text) + make_queries("a/3", text), "f00d")
    run.rejected("generate").write("a", [Rejected("generate", text, "near-duplicate", text, "a/1")], "f00d")
    run.model.mkdir()
    (run.path / "training").mkdir()
    curves = {"loss": [2.0, 1.5, 1.0], "dev": [[0, 0.5, 0.5], [3, 0.7, 0.6]]}
    (run.path / "training" / "curves.json").write_text(json.dumps(curves))
    with run.manifest.stage("train") as counts:
        counts |= {"dev_queries": 4, "dev_ndcg_untrained": 0.5, "dev_ndcg": 0.7, "kept": "trained"}
    write_evaluation(run, text)
    return run


@pytest.fixture(scope="package")
def hostile() -> str:
    return HOSTILE


@pytest.fixture(scope="package")
def hostile_report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_report(fill_run(tmp_path_factory.mktemp("hostile"), HOSTILE))


@pytest.fixture(scope="package")
def plain_run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    long = "Hypertextuebertragungsprotokollspezifikation" * 4
    return fill_run(tmp_path_factory.mktemp("plain"), f"What are net sales of {long}")


@pytest.fixture(scope="package")
def plain_report(plain_run: Run) -> Path:
    return write_report(plain_run)


@pytest.fixture(scope="package", name="fill_run")
def give_fill_run() -> Callable[[Path, str], Run]:
    return fill_run
