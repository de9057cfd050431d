from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from reportlab.pdfgen.canvas import Canvas

from docrerank.evaluation import evaluate
from docrerank.pages import ingest
from docrerank.recipe import load_recipe
from docrerank.runs import Run

DOCUMENTS = {
    "harbor": [
        "Harbor Lights annual report. Revenue of the ferries rose to 48 million dollars in 2019.",
        "The board of Harbor Lights has nine members. Its chair is Maria Keller since the spring.",
        "Fuel cost 12 million dollars. The fleet burned less diesel than in the year before.",
        "Risks: storms, strikes and the price of steel may delay the new terminal in Ostend.",
    ],
    "orchard": [
        "Orchard handbook. Apple trees are pruned in February, before the buds open.",
        "Irrigation: young trees need twenty litres of water each week in a dry summer.",
        "The cider press yields six hundred bottles a day and is cleaned every evening.",
    ],
    "scans": ["", ""],
}
QUERIES: list[dict[str, Any]] = [
    {"_id": "q1", "text": "Who chairs the board?", "metadata": {"document": "harbor", "evidence": ["Text"]}},
    {
        "_id": "q2",
        "text": "How much did fuel cost?",
        "metadata": {"document": "harbor", "evidence": ["Text", "Table"]},
    },
    {"_id": "q3", "text": "When are apple trees pruned?"},
    {"_id": "q4", "text": "Who is the head of the navy?", "metadata": {"document": "harbor", "answerable": False}},
]
QRELS = "q1\tharbor/2\t1\nq2\tharbor/3\t1\nq3\torchard/1\t1\n"


def write_pdf(path: Path, pages: Sequence[str]) -> Path:
    canvas = Canvas(str(path), invariant=1)
    for page in pages:
        for line, words in enumerate(page.split(". ")):
            canvas.drawString(60, 760 - 20 * line, words)
        canvas.showPage()
    canvas.save()
    return path


def write_benchmark(folder: Path, qrels: str = QRELS, queries: Sequence[dict[str, Any]] = QUERIES) -> Path:
    (folder / "corpus").mkdir(parents=True)
    (folder / "qrels").mkdir()
    for name, pages in DOCUMENTS.items():
        write_pdf(folder / "corpus" / f"{name}.pdf", pages)
    (folder / "queries.jsonl").write_text("".join(json.dumps(query) + "\n" for query in queries), "utf-8")
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\n" + qrels, "utf-8")
    return folder


def make_run(path: Path, *overrides: str) -> Run:
    settings = ("ingest.ocr=never", "workers=1", "evaluate.resamples=100", "evaluate.candidates=2", *overrides)
    return Run.create(path, load_recipe("cpu", settings))


@pytest.fixture(scope="package", name="write_pdf")
def give_write_pdf() -> Callable[..., Path]:
    return write_pdf


@pytest.fixture(scope="package", name="write_benchmark")
def give_write_benchmark() -> Callable[..., Path]:
    return write_benchmark


@pytest.fixture(scope="package", name="make_run")
def give_make_run() -> Callable[..., Run]:
    return make_run


@pytest.fixture(scope="package")
def one_thread() -> Iterator[None]:
    """Tiny batches gain nothing from threads, and lose much where other work holds the cores."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="package")
def benchmark(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_benchmark(tmp_path_factory.mktemp("shared") / "tiny")


@pytest.fixture(scope="package")
def run(tmp_path_factory: pytest.TempPathFactory, benchmark: Path, one_thread: None) -> Run:
    """A run with pages of its own, evaluated with the untrained start in the place of a trained model."""
    from docrerank.encoding import load_untrained, window_settings
    from docrerank.reranker import ModelCard

    run = make_run(tmp_path_factory.mktemp("runs") / "RUN")
    ingest(run, [benchmark / "corpus"])
    settings = window_settings(run)
    load_untrained(settings).model.save_pretrained(str(run.model), create_model_card=False)
    ModelCard(settings).write(run.model)
    evaluate(run, benchmark)
    return run
