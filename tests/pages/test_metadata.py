"""Documents whose names repeat, and what a file of metadata beside them says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from docrerank.pages import find_documents, read_files
from docrerank.pages.filing_cover import Cover
from docrerank.records import UserError

MakePdf = Callable[..., Path]


def test_repeated_names_become_paths_in_the_folder(tmp_path: Path, make_pdf: MakePdf) -> None:
    for name in ("pdfs/AAA/2020/page_1.pdf", "pdfs/AAA/2021/page_1.pdf", "pdfs/AAA/2021/other.pdf"):
        make_pdf(name, [["text"]])
    documents, _ = find_documents([tmp_path / "pdfs"])
    assert [document.stem for document in documents] == ["AAA/2020/page_1", "AAA/2021/page_1", "other"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("metadata.csv", "document,company,period,form\nAAA/one,Alder Ltd,2020,10-K\n"),
        ("metadata.jsonl", '{"document": "one.pdf", "company": "Alder Ltd", "period": "2020", "form": "10-K"}\n'),
    ],
)
def test_metadata_names_company_and_period(
    tmp_path: Path, make_pdf: MakePdf, name: str, text: str, five_words: list[str]
) -> None:
    make_pdf("pdfs/AAA/one.pdf", [five_words])
    (tmp_path / "pdfs" / name).write_text(text)
    documents, rejected = find_documents([tmp_path / "pdfs"])
    assert (documents[0].cover, rejected) == (Cover("Alder Ltd", "2020", "10-K"), [])
    assert read_files([tmp_path / "pdfs"])[0][0].company == "Alder Ltd"


@pytest.mark.parametrize("text", ['{"company": "Alder"}\n', "not json\n", "[1]\n"])
def test_metadata_that_cannot_be_used_is_said_in_one_line(tmp_path: Path, make_pdf: MakePdf, text: str) -> None:
    make_pdf("pdfs/one.pdf", [["text"]])
    (tmp_path / "pdfs" / "metadata.jsonl").write_text(text)
    with pytest.raises(UserError, match=r"metadata\.jsonl'"):
        find_documents([tmp_path / "pdfs"])
