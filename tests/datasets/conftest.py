"""Small runs with everything that a set has to carry: PDFs, images, every kind of query, verdicts, mined pages."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw
from reportlab.pdfgen.canvas import Canvas

from docrerank.datasets import ExportOptions, export_run
from docrerank.pages import read_files
from docrerank.recipe import load_recipe
from docrerank.records import MinedPage, Page, Query, Verdict
from docrerank.runs import Run

DOCUMENTS = ("acme", "bolt", "crane")
PAGES = 3
THINGS = ("sales", "costs", "staff", "water")

MakeRun = Callable[..., Run]


def write_pdf(path: Path, pages: int = PAGES) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    canvas = Canvas(str(path), pagesize=(300, 390), invariant=1)
    for number in range(1, pages + 1):
        thing = THINGS[number % len(THINGS)]
        canvas.drawString(20, 340, f"The {thing} of {path.stem} came to {number}1 million in 2020")
        canvas.drawString(20, 320, f"and fell to {number}0 million a year later")
        canvas.rect(20 + 20 * number, 100, 30, 25 * number, fill=1)
        canvas.showPage()
    canvas.save()
    return path


def draw_image(number: int, size: tuple[int, int] = (120, 160)) -> Image.Image:
    image = Image.new("RGB", size, "white")
    ImageDraw.Draw(image).rectangle((10, 10, 20 + 9 * (number % 10), 40 + number % 90), fill=(number % 256, 80, 160))
    return image


def make_queries(page: Page) -> list[Query]:
    """Two positives: one with a rephrasing and three hard negatives, one with nothing else."""
    thing = THINGS[page.number % len(THINGS)]
    text, first = f"How high were the {thing} of {page.document} in 2020?", f"{page.id}#0"
    evidence = page.text.splitlines()[0] if page.text else ""
    queries = [
        Query(first, page.id, text, "positive", "question", answer=f"{page.number}1 million", evidence=evidence)
    ]
    queries[0] = dataclasses.replace(queries[0], writer="writer/1", location="top", answered_by=())
    short = f"{thing} {page.document} 2020"
    queries.append(Query(f"{first}/r", page.id, short, "rephrased", "keywords", first, "11", level=2, writer="w/2"))
    for serial, year in enumerate((2017, 2018, 2031)):
        edited = text.replace("2020", str(year))
        queries.append(
            Query(
                f"{first}/n{serial}",
                page.id,
                edited,
                "hard_negative",
                "question",
                first,
                "",
                "year",
                "2020",
                str(year),
            )
        )
    other = f"Por cuánto cayeron «{thing}» — {page.document}?"
    queries.append(Query(f"{page.id}#1", page.id, other, "positive", "question", answer="日本 10"))
    return queries


def fill_run(path: Path, *overrides: str, documents: tuple[str, ...] = DOCUMENTS) -> Run:
    run = Run.create(path, load_recipe("cpu", ["workers=1", *overrides]))
    rows = []
    for document in documents:
        pages = list(read_files([write_pdf(path.parent / "pdfs" / f"{document}.pdf")])[0])
        run.pages.write(document, pages, "pages")
        queries = [query for page in pages for query in make_queries(page)]
        run.queries.write(document, queries, "queries")
        verdicts = [
            Verdict(query.id, query.page_id, query.kind != "hard_negative", "judge/1", wording, prompt="judge-3")
            for query in queries
            for wording in ("stated", "derivable")
        ]
        run.verdicts.write(document, verdicts, "verdicts")
        for page in pages:
            others = [other.id for other in pages if other.id != page.id] + ["acme/1", "crane/2"]
            found = list(dict.fromkeys(other for other in others if other != page.id))
            rows += [MinedPage(f"{page.id}#0", other, rank, 0.0) for rank, other in enumerate(found, 1)]
    run.mined.write("corpus", sorted(rows, key=lambda row: row.query_id), "mined")
    return run


@pytest.fixture
def make_run(tmp_path: Path) -> MakeRun:
    return lambda *overrides, name="run", **options: fill_run(tmp_path / name, *overrides, **options)


@pytest.fixture(scope="session")
def whole_run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run that no test changes."""
    return fill_run(tmp_path_factory.mktemp("runs") / "whole")


@pytest.fixture(scope="session")
def sets(whole_run: Run, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The whole run in a form, written when first asked for."""
    root = tmp_path_factory.mktemp("sets")

    def give(form: str) -> Path:
        if not (root / form).exists():
            export_run(whole_run, root / form, ExportOptions(form, pixels=30_000))
        return root / form

    return give


@pytest.fixture(scope="session")
def load() -> Callable[..., dict[str, Any]]:
    """What the code in a set's card defines, run block by block: all of it, or the first."""

    def give(folder: Path, page: str = "text", blocks: int | None = None) -> dict[str, Any]:
        names: dict[str, Any] = {"SET": str(folder), "PAGE": page}
        for code in re.findall(r"```python\n(.*?)```", (folder / "README.md").read_text(), re.S)[:blocks]:
            exec(code, names)
        return names

    return give


@pytest.fixture(autouse=True)
def quiet_datasets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`datasets` caches below the test's own folder and never goes online."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    datasets = pytest.importorskip("datasets")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    datasets.disable_progress_bars()
