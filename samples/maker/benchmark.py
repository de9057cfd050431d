"""Writes the benchmark folder (corpus, queries, qrels) and holds each question against the text of the pages."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pypdfium2 as pdfium

from maker.annual_report import write_report
from maker.figures import build_ledger
from maker.flagships import BRANKHOLM, OSTRELLIA
from maker.handbook import write_handbook
from maker.manual import write_manual
from maker.notice import write_notice
from maker.paper import write_paper
from maker.questions import Question
from maker.questions_guides import handbook_questions, manual_questions, notice_questions
from maker.questions_reports import brankholm_questions, ostrellia_questions
from maker.questions_studies import paper_questions, slides_questions, survey_questions
from maker.sheets import Made
from maker.slides import write_slides
from maker.survey import write_survey

KINDS = {
    "brankholm": "Financial report",
    "ostrellia": "Financial report",
    "varde": "Research report / Introduction",
    "tamberly": "Slides",
    "leak": "Academic paper",
    "kelvane": "Guidebook",
    "harrowgate": "Administration/Industry file",
    "calder": "Brochure",
}
Pages = dict[str, list[str]]


def write_benchmark(folder: Path) -> tuple[int, int]:
    """Write `corpus/*.pdf`, `queries.jsonl`, `qrels/test.tsv`; return the counts of answerable and other questions.

    Raises AssertionError where a question does not agree with the pages.
    """
    corpus = folder / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    (folder / "qrels").mkdir(exist_ok=True)
    made, texts = _write_corpus(corpus)
    questions = _all_questions()
    for question in questions:
        check_question(question, made[question.document], texts[question.document])
    _write_queries(folder / "queries.jsonl", questions)
    _write_qrels(folder / "qrels" / "test.tsv", questions, made)
    return len(questions), sum(len(question.near) for question in questions)


def _write_corpus(corpus: Path) -> tuple[dict[str, Made], Pages]:
    made = [write_report(company, build_ledger(company), corpus) for company in (BRANKHOLM, OSTRELLIA)]
    made += [write(corpus) for write in (write_survey, write_slides, write_paper, write_manual, write_handbook)]
    scan, read = write_notice(corpus)
    texts = {m.stem: read_pages(corpus / f"{m.stem}.pdf") for m in made}
    assert read_pages(corpus / f"{scan.stem}.pdf") == [""], "the scan must have no text layer"
    texts[scan.stem] = [_flatten(read)]
    return {m.stem: m for m in [*made, scan]}, texts


def _all_questions() -> list[Question]:
    return [
        *brankholm_questions(build_ledger(BRANKHOLM)),
        *ostrellia_questions(build_ledger(OSTRELLIA)),
        *survey_questions(),
        *slides_questions(),
        *paper_questions(),
        *manual_questions(),
        *handbook_questions(),
        *notice_questions(),
    ]


def check_question(question: Question, made: Made, texts: list[str]) -> None:
    """The quotes stand together on exactly the question's pages; what a near miss asks for is on none."""
    wanted = sorted(made.pages[name] for name in question.pages)
    found = pages_with(question.quotes, texts)
    assert found == wanted, f"{question.text!r}: {question.quotes} on pages {found}, not {wanted}"
    for near in question.near:
        there = pages_with(near.absent, texts)
        assert not there, f"{near.text!r}: {near.absent} on pages {there}"


def pages_with(quotes: tuple[str, ...], texts: list[str]) -> list[int]:
    """Numbers of the pages that have all the quotes; "12.4" is not in "312.4" nor "12.45"."""
    patterns = [re.compile(_guard(quote), re.IGNORECASE) for quote in quotes]
    return [number for number, text in enumerate(texts, 1) if all(p.search(text) for p in patterns)]


def _guard(quote: str) -> str:
    before = r"(?<!\d)(?<!\d[.,])" if quote[0].isdigit() else ""
    after = r"(?!\d)(?![.,]\d)" if quote[-1].isdigit() else ""
    return before + re.escape(quote) + after


def read_pages(path: Path) -> list[str]:
    """The text layer of each page, on one line."""
    document = pdfium.PdfDocument(path)
    texts = [_flatten(page.get_textpage().get_text_range()) for page in document]
    document.close()
    return texts


def _flatten(text: str) -> str:
    return " ".join(text.replace("\ufffe", "-").split())


def _write_queries(path: Path, questions: list[Question]) -> None:
    rows = [row for number, question in enumerate(questions, 1) for row in _rows(f"s{number:03d}", question)]
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def _rows(name: str, question: Question) -> list[dict[str, object]]:
    kind = KINDS[question.document.partition("-")[0]]
    shared = {"document": question.document, "document_type": kind}
    asked = {
        **shared,
        "answerable": True,
        "evidence": question.evidence,
        "answer": question.answer,
        "quotes": question.quotes,
    }
    rows: list[dict[str, object]] = [{"_id": name, "text": question.text, "metadata": asked}]
    for number, near in enumerate(question.near, 1):
        data = {
            **shared,
            "answerable": False,
            "evidence": [],
            "answer": "Not answerable",
            "near_miss_of": name,
            "property": near.changed,
        }
        rows.append({"_id": f"{name}-near{number}", "text": near.text, "metadata": data})
    return rows


def _write_qrels(path: Path, questions: list[Question], made: dict[str, Made]) -> None:
    lines = ["query-id\tcorpus-id\tscore"]
    for number, question in enumerate(questions, 1):
        pages = sorted(made[question.document].pages[name] for name in question.pages)
        lines += [f"s{number:03d}\t{question.document}/{page}\t1" for page in pages]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
