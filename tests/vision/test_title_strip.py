"""Company and year stand above a page for whoever reads it: only then can an edit of either be decided."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from reportlab.pdfgen.canvas import Canvas

from docrerank.generation.open_roles import show_text
from docrerank.pages import ingest, read_files, render
from docrerank.recipe import load_recipe
from docrerank.records import Page
from docrerank.runs import Run
from docrerank.vision import VisionReranker
from docrerank.vision.images import open_page

COVER = (
    "FORM 10-K",
    "For the fiscal year ended March 31, {year}",
    "{company}",
    "(Exact name of registrant as specified in its charter)",
)


def write_filing(folder: Path, company: str, year: int) -> Path:
    """A cover that differs, and a page that reads the same whosever it is."""
    folder.mkdir()
    canvas = Canvas(str(folder / "filing.pdf"), pagesize=(300, 390), invariant=1)
    for row, line in enumerate(COVER):
        canvas.drawString(10, 340 - 30 * row, line.format(company=company, year=year))
    canvas.showPage()
    canvas.drawString(20, 300, "Net sales were 420 million dollars.")
    canvas.save()
    return folder / "filing.pdf"


def read_second(folder: Path, pdf: Path, *overrides: str) -> Page:
    """The second page of a filing, as a run has it."""
    run = Run.create(folder, load_recipe("cpu", ["workers=1", *overrides]))
    ingest(run, [pdf])
    return list(run.pages.read())[1]


@pytest.fixture
def filings(tmp_path: Path) -> list[Path]:
    filed = (("NORTHWIND TRADERS, INC.", 2021), ("NORTHWIND TRADERS, INC.", 2019), ("ACME MINING CORP.", 2021))
    return [write_filing(tmp_path / str(place), *one) for place, one in enumerate(filed)]


def draw_all(pages: list[Page], reranker: VisionReranker) -> list[list[bytes]]:
    """What every reader of a page sees of it: writer, judge, data sets and server an image, the model patches."""
    reader = reranker.parts.reader
    sources = [open_page(page, reader.pixels) for page in pages]
    return [
        [render(page, 200_000).tobytes() for page in pages],
        [reader.read(source).pixels.numpy().tobytes() for source in sources],
    ]


def test_a_stored_strip_tells_years_and_companies_apart_for_every_reader(
    filings: list[Path], bases: dict[str, Path], tmp_path: Path
) -> None:
    reranker = VisionReranker.from_pretrained(bases["qwen2_vl"], pixels=200_000)
    pages = [
        read_second(tmp_path / f"run{place}", pdf, "generate.title_strip=true") for place, pdf in enumerate(filings)
    ]
    assert [page.strip for page in pages] == [
        "Northwind Traders, Inc., fiscal 2021",
        "Northwind Traders, Inc., fiscal 2019",
        "Acme Mining Corp., fiscal 2021",
    ]
    assert all(len(set(views)) == 3 for views in draw_all(pages, reranker))
    assert pages[0].strip in show_text(pages[0])
    bare = [replace(page, strip="") for page in pages]  # the control: without it nothing decides
    assert all(len(set(views)) == 1 for views in draw_all(bare, reranker))
    assert len({open_page(page, 10_000).key for page in (pages[0], bare[0])}) == 2
    assert not read_second(tmp_path / "plain", filings[0]).strip


def test_a_model_trained_on_strips_reads_filings_from_elsewhere_with_them(
    filings: list[Path], bases: dict[str, Path]
) -> None:
    reranker = VisionReranker.from_pretrained(bases["qwen2_vl"], pixels=200_000)
    pages = [read_files([pdf])[0][1] for pdf in filings]
    pairs: list[Any] = [("net sales of Northwind in 2021", page) for page in pages]
    assert len(set(reranker.predict(pairs).tolist())) == 1
    reranker.title_strip = True
    assert len(set(reranker.predict(pairs).tolist())) == 3
