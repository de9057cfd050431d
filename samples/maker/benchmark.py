"""Writes the benchmark folder: the corpus, its queries and the pages that answer each."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from maker.content import read_content
from maker.figures import ledger_of
from maker.questions import Question, read_company_questions, read_document_questions
from maker.random_reports import draw_questions, make_company
from maker.report import compose_report
from maker.sheets import write_document

COMPANIES = ("brankholm", "ostrellia")
#: Random companies, whose reports are twins but for names and figures, and the questions asked of each.
#: No other document has their years, so that they do not answer a question that names a year alone.
TWINS, TWIN_YEARS, ASKED_OF_TWIN = 16, (2008, 2016), 9
DOCUMENTS = ("survey", "slides", "paper", "manual", "handbook", "notice")
#: A file of `content`, the document that its questions are asked of (None: all), the questions.
Asked = tuple[dict[str, Any], str | None, list[Question]]


def write_benchmark(folder: Path) -> tuple[int, int]:
    """Write `corpus/*.pdf`, `queries.jsonl`, `qrels/test.tsv`; return the counts of answerable and other questions.

    Raises AssertionError where a question does not agree with the pages.
    """
    for name in ("corpus", "qrels"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    asked = _write_corpus(folder / "corpus")
    rows, lines = [], ["query-id\tcorpus-id\tscore"]
    numbered = enumerate(((source, only, q) for source, only, questions in asked for q in questions), 1)
    for number, (source, only, question) in numbered:
        rows += _list_rows(f"s{number:03d}", source["type"], only, question)
        lines += [f"s{number:03d}\t{document}/{page}\t1" for document, page in question.pages]
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (folder / "queries.jsonl").write_text(text, encoding="utf-8")
    (folder / "qrels" / "test.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    near = sum(not row["metadata"]["answerable"] for row in rows)
    return len(rows) - near, near


def _write_corpus(corpus: Path) -> list[Asked]:
    layout, texts, companies = read_content("annual-report"), {}, []
    for company in map(read_content, COMPANIES):
        ledger = ledger_of(company)
        reports = {year: compose_report(ledger, year, layout) for year in company["years"]}
        companies.append((ledger, reports))
        texts.update({made.document["stem"]: write_document(made.document, corpus) for made in reports.values()})
    documents = [read_content(name) for name in DOCUMENTS]
    texts.update({document["stem"]: write_document(document, corpus) for document in documents})
    asked: list[Asked] = []
    for ledger, reports in companies:
        asked.append((dict(ledger.company), None, read_company_questions(ledger, reports, texts)))
    for document in documents:
        only = document["stem"] if document.get("asked") == "document" else None
        scope = {only: texts[only]} if only else texts
        asked.append((document, only, read_document_questions(document, scope)))
    return [*asked, *_write_twins(corpus, layout)]


def _write_twins(corpus: Path, layout: Mapping[str, Any]) -> Iterator[Asked]:
    """Check questions that name the company against its own report only."""
    parts, bank = read_content("random-companies"), read_content("random-questions")
    for number in range(TWINS):
        company = make_company(number, 0, parts, TWIN_YEARS)
        company = {**company, "type": "Financial report", "questions": draw_questions(company, bank, ASKED_OF_TWIN)}
        ledger, year = ledger_of(company), company["years"][-1]
        report = compose_report(ledger, year, layout)
        texts = {report.document["stem"]: write_document(report.document, corpus)}
        yield company, None, read_company_questions(ledger, {year: report}, texts)


def _list_rows(name: str, kind: str, only: str | None, question: Question) -> Iterator[dict[str, Any]]:
    shared = {"document_type": kind} if only is None else {"document": only, "document_type": kind}
    told = {"evidence": question.evidence, "answer": question.answer, "quotes": question.quotes}
    yield {"_id": name, "text": question.text, "metadata": {**shared, "answerable": True, **told}}
    for number, (changed, text) in enumerate(question.near, 1):
        told = {"evidence": [], "answer": "Not answerable", "near_miss_of": name, "property": changed}
        yield {"_id": f"{name}-near{number}", "text": text, "metadata": {**shared, "answerable": False, **told}}
