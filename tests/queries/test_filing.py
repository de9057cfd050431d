"""Company and period of a filing, from PDFs made here and from real ones where they are."""

from __future__ import annotations

from pathlib import Path

import pytest
from reportlab.pdfgen.canvas import Canvas

from docrerank.pages import read_files
from docrerank.queries import find_filing
from docrerank.queries.company_name import find_owner
from docrerank.recipe import Ingest

FILINGS = Path(__file__).parents[3] / "shared" / "corpora" / "filings"


def write_pdf(path: Path, *pages: tuple[str, ...]) -> Path:
    canvas = Canvas(str(path), invariant=1)
    for lines in pages:
        for row, line in enumerate(lines):
            canvas.drawString(72, 750 - 20 * row, line)
        canvas.showPage()
    canvas.save()
    return path


COVER = (
    "UNITED STATES SECURITIES AND EXCHANGE COMMISSION",
    "FORM 10-K",
    "For the fiscal year ended March 31, 2021",
    "Commission file number 000-12345",
    "NORTHWIND TRADERS, INC.",
    "(Exact name of registrant as specified in its charter)",
)


@pytest.mark.parametrize(
    ("name", "pages", "company", "period"),
    [
        ("filing", [COVER, ("Net sales of the year",)], "Northwind Traders, Inc.", "fiscal 2021"),
        (
            "quarter_2022Q2",
            [(*COVER[:2], "For the quarterly period ended June 30, 2022", *COVER[3:])],
            "Northwind Traders, Inc.",
            "Q2 2022",
        ),
        (
            "quarter",
            [(*COVER[:2], "For the quarterly period ended June 30, 2022", *COVER[3:])],
            "Northwind Traders, Inc.",
            "quarter ended June 2022",
        ),
        ("report", [("Annual Report 2019", "Sales of the year", "Staff of the year")], None, "fiscal 2019"),
        ("sales_2018Q3", [("Nothing to see on this page of words",)], None, "Q3 2018"),
        ("sales", [("Nothing to see on this page of words",)], None, ""),
    ],
)
def test_company_and_period_come_from_the_cover_else_from_the_name(
    name: str, pages: list[tuple[str, ...]], company: str | None, period: str, tmp_path: Path
) -> None:
    read = read_files([write_pdf(tmp_path / f"{name}.pdf", *pages)], Ingest(ocr="never"))[0]
    found = find_filing(read)
    assert found.period == period
    if company is not None:
        assert found.company == company


def test_a_form_without_a_name_over_the_line_names_no_form_words(tmp_path: Path) -> None:
    cover = ("FORM 10-K", "Commission file number 000-12345", "(Exact name of registrant as specified in its charter)")
    read = read_files([write_pdf(tmp_path / "empty.pdf", cover)], Ingest(ocr="never"))[0]
    assert "Commission" not in find_filing(read).company


@pytest.mark.skipif(not FILINGS.is_dir(), reason="the shared filings are not beside the project")
@pytest.mark.parametrize(
    ("name", "company", "period"),
    [
        ("BOEING_2021_10K", "boeing", "2021"),
        ("NETFLIX_2020_10K", "netflix", "2020"),
        ("EBAY_2016_10K", "ebay", "2016"),
    ],
)
def test_real_filings_are_named(name: str, company: str, period: str, tmp_path: Path) -> None:
    import pypdfium2

    source = pypdfium2.PdfDocument(FILINGS / f"{name}.pdf")
    first = pypdfium2.PdfDocument.new()
    first.import_pages(source, range(4))
    first.save(tmp_path / f"{name}.pdf")
    found = find_filing(read_files([tmp_path / f"{name}.pdf"], Ingest(ocr="never"))[0])
    assert company in found.company.lower()
    assert period in found.period


def test_the_owner_of_a_filing_is_its_registrant_and_not_the_commission(tmp_path: Path) -> None:
    cover = ("UNITED STATES SECURITIES AND EXCHANGE COMMISSION", "Form 10-K", "eBay Inc.", COVER[-1])
    read = read_files([write_pdf(tmp_path / "cover.pdf", cover)], Ingest(ocr="never"))[0]
    assert find_owner(read) == "eBay"
    bare = read_files([write_pdf(tmp_path / "bare.pdf", cover[:1])], Ingest(ocr="never"))[0]
    assert "COMMISSION" not in find_owner(bare).upper()
