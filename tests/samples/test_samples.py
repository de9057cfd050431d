"""The shipped sample benchmark: made again from its facts, and its answers held against its pages."""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pypdfium2 as pdfium
import pytest

pytest.importorskip("reportlab")
from PIL import Image, ImageChops, ImageStat

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
SHIPPED = SAMPLES / "benchmark"
SCAN = "harrowgate-council-parking-notice"
REPORTS = [f"brankholm-annual-report-{year}" for year in (2021, 2022, 2023)]
Rows = list[dict[str, Any]]
Qrels = dict[str, list[tuple[str, int]]]
Texts = dict[str, list[str]]


def run_script(*arguments: str) -> None:
    subprocess.run([sys.executable, "-B", str(SAMPLES / "make_samples.py"), *arguments], check=True, timeout=300)


def load_maker(name: str) -> Any:
    if str(SAMPLES) not in sys.path:
        sys.path.append(str(SAMPLES))
    return importlib.import_module(f"maker.{name}")


def read_texts(path: Path) -> list[str]:
    pages: list[str] = load_maker("sheets").read_pages(path)
    return pages


def render_first(path: Path) -> Image.Image:
    document = pdfium.PdfDocument(path)
    image: Image.Image = document[0].render(scale=1).to_pil().convert("L")
    document.close()
    return image


@pytest.fixture(scope="module")
def again(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("again")
    run_script("--out", str(folder))
    return folder


@pytest.fixture(scope="module")
def texts() -> Texts:
    return {path.stem: read_texts(path) for path in (SHIPPED / "corpus").glob("*.pdf")}


@pytest.fixture(scope="module")
def queries() -> Rows:
    return [json.loads(line) for line in (SHIPPED / "queries.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def qrels() -> Qrels:
    lines = (SHIPPED / "qrels" / "test.tsv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "query-id\tcorpus-id\tscore"
    found: Qrels = {}
    for line in lines[1:]:
        query, page, score = line.split("\t")
        stem, _, number = page.rpartition("/")
        assert score == "1"
        found.setdefault(query, []).append((stem, int(number)))
    return found


def test_the_script_makes_the_shipped_files_byte_for_byte(again: Path) -> None:
    names = sorted(p.relative_to(SHIPPED) for p in SHIPPED.rglob("*") if p.is_file())
    assert names == sorted(p.relative_to(again) for p in again.rglob("*") if p.is_file())
    for name in names:
        if name.stem != SCAN:
            assert (SHIPPED / name).read_bytes() == (again / name).read_bytes(), name


def test_the_script_makes_the_shipped_scan(again: Path) -> None:
    """Other versions of the JPEG encoder or the renderer may differ in a few bits, not in what one sees."""
    one, two = (folder / "corpus" / f"{SCAN}.pdf" for folder in (SHIPPED, again))
    if one.read_bytes() != two.read_bytes():
        difference = ImageChops.difference(render_first(one), render_first(two))
        assert ImageStat.Stat(difference).mean[0] < 3


def test_the_scan_has_no_text_layer_and_all_other_pages_have_one(texts: Texts) -> None:
    assert texts[SCAN] == [""]
    assert all(text for stem, pages in texts.items() if stem != SCAN for text in pages)


def test_the_corpus_is_small_and_varied(texts: Texts) -> None:
    assert len(texts) == 26
    assert 200 <= sum(map(len, texts.values())) <= 210
    assert sum(path.stat().st_size for path in (SHIPPED / "corpus").iterdir()) < 1_500_000


def test_three_years_of_one_report_have_the_same_pages_with_other_figures(texts: Texts) -> None:
    first, *others = (texts[name] for name in REPORTS)
    for pages in others:
        assert len(pages) == len(first)
        for number, (one, two) in enumerate(zip(first, pages, strict=True), 1):
            words, more = (set(re.findall(r"[A-Za-z]{3,}", text)) for text in (one, two))
            assert len(words & more) > (0.5 if number != 2 else 0.3) * len(words | more)  # 2: the letter
            assert one != two


def test_each_answerable_question_has_pages_and_no_other_question_has(
    queries: Rows, qrels: Qrels, texts: Texts
) -> None:
    for query in queries:
        pages = qrels.get(query["_id"], [])
        assert bool(pages) == query["metadata"]["answerable"]
        for stem, number in pages:
            assert stem == query["metadata"].get("document", stem)
            assert 1 <= number <= len(texts[stem])
    assert set(qrels) <= {query["_id"] for query in queries}


def test_quotes_of_an_answer_stand_on_its_pages_and_on_no_others(queries: Rows, qrels: Qrels, texts: Texts) -> None:
    """Of one document where the question is asked of it, of the whole collection elsewhere."""
    pages_with = load_maker("questions").pages_with
    for query in queries:
        data = query["metadata"]
        only = data.get("document")
        if data.get("quotes") and only != SCAN:
            scope = {only: texts[only]} if only else texts
            assert pages_with(data["quotes"], scope) == sorted(qrels[query["_id"]]), query


def test_figures_of_an_answer_stand_on_each_of_its_pages(queries: Rows, qrels: Qrels, texts: Texts) -> None:
    """A difference of two figures is not printed; all other figures of an answer are."""
    pages_with, seen = load_maker("questions").pages_with, 0
    for query in queries:
        data = query["metadata"]
        values = re.findall(r"\d[\d,]*\.?\d*%?", data["answer"])
        if data["answerable"] and not data["quotes"] and len(values) == 2 and " after " in data["answer"]:
            seen += 1
            assert {*qrels[query["_id"]]} <= {*pages_with(values, texts)}, query
    assert seen >= 10


def test_most_questions_are_asked_of_the_whole_collection_in_all_three_years(queries: Rows, qrels: Qrels) -> None:
    answerable = [query for query in queries if query["metadata"]["answerable"]]
    assert 350 <= len(answerable) <= 400
    assert sum("document" not in query["metadata"] for query in answerable) > 0.8 * len(answerable)
    for name in REPORTS:
        assert sum({stem for stem, _ in qrels[query["_id"]]} == {name} for query in answerable) >= 20


def test_reports_of_random_companies_are_twins_that_no_question_on_a_year_alone_can_mean(
    queries: Rows, qrels: Qrels, texts: Texts
) -> None:
    twins = [stem for stem in texts if re.fullmatch(r"[a-z]+-[a-z]+-20\d\d", stem)]
    assert len(twins) == 16
    known = {query["_id"]: query for query in queries}
    for name, pages in qrels.items():
        companies = {stem.split("-")[0] for stem, _ in pages if stem in twins}
        assert all(company.title() in known[name]["text"] for company in companies)
    assert all("2017" not in text and "2021" not in text for stem in twins for text in texts[stem])


def test_near_misses_name_an_answerable_question(queries: Rows) -> None:
    known = {query["_id"]: query["metadata"] for query in queries}
    near = [data for data in known.values() if not data["answerable"]]
    assert len(near) >= 50
    assert sum(data["property"] == "year" for data in near) >= 15
    for data in near:
        assert known[data["near_miss_of"]]["answerable"]
        assert known[data["near_miss_of"]].get("document") == data.get("document")
        assert data["property"] in {"year", "entity", "metric", "segment", "region", "value"}


def test_questions_are_all_different(queries: Rows) -> None:
    assert len({query["text"] for query in queries}) == len(queries) == len({query["_id"] for query in queries})


def test_a_question_that_does_not_agree_with_the_pages_is_refused() -> None:
    questions = load_maker("questions")
    texts = {"doc": ["Sales were 12.4", "Sales were 312.4 and costs 7.0"]}
    pages = [{"name": "one"}, {"name": "two"}]

    def read(page: str, **changes: Any) -> Any:
        entry = {"ask": "?", "page": page, "answer": "12.4", "quotes": ["Sales", "12.4"], "in": "table", **changes}
        document = {"stem": "doc", "pages": pages, "questions": [entry]}
        return questions.read_document_questions(document, texts)

    assert read("one")[0].pages == (("doc", 1),)
    with pytest.raises(AssertionError, match="not"):
        read("two")
    with pytest.raises(AssertionError, match="absent"):
        read("one", near=[{"metric": "Costs?", "absent": ["costs", "7.0"]}])


def test_an_answer_names_the_figures_that_one_must_see() -> None:
    figures, report = load_maker("figures"), load_maker("report")
    ledger = figures.Ledger({"currency": "EUR", "sign": "€", "regions": {"North": 0.5, "South": 0.5}})
    for year, north, south in ((2020, 10.0, 12.0), (2021, 15.0, 11.0)):
        ledger.put("Revenue", "North", year, north)
        ledger.put("Revenue", "South", year, south)
    told, needed = report.answer(ledger, 2021, "{Revenue|0|max regions}")
    assert (told, needed) == ("North, €15.0 million", {("Revenue", "North", 2021), ("Revenue", "South", 2021)})
    told, needed = report.answer(ledger, 2021, "{Revenue|0-1|North}")
    assert (told, needed) == ("€5.0 million", {("Revenue", "North", 2021), ("Revenue", "North", 2020)})


def test_random_reports_come_with_the_facts_of_their_pages(tmp_path: Path) -> None:
    run_script("--reports", "3", "--out", str(tmp_path / "a"))
    run_script("--reports", "4", "--out", str(tmp_path / "b"))
    facts = json.loads((tmp_path / "a" / "facts.json").read_text(encoding="utf-8"))
    pdfs = sorted((tmp_path / "a").glob("*.pdf"))
    assert len(pdfs) == 3
    assert all(path.read_bytes() == (tmp_path / "b" / path.name).read_bytes() for path in pdfs)
    pages = {path.stem: read_texts(path) for path in pdfs}
    assert {fact["document"] for fact in facts} == set(pages)
    pages_with = load_maker("questions").pages_with
    for fact in facts:
        text = pages[fact["document"]][fact["page"] - 1]
        assert pages_with([fact["value"]], {"page": [text]}), fact


def test_every_amount_on_a_page_of_a_random_report_is_among_its_facts(tmp_path: Path) -> None:
    """The list is complete: without this, a judge could be called wrong for finding a figure that is there."""
    run_script("--reports", "6", "--out", str(tmp_path), "--seed", "5")
    facts = json.loads((tmp_path / "facts.json").read_text(encoding="utf-8"))
    for path in tmp_path.glob("*.pdf"):
        for number, text in enumerate(read_texts(path), 1):
            known = {f["value"].strip("-%") for f in facts if (f["document"], f["page"]) == (path.stem, number)}
            assert set(re.findall(r"\d[\d,]*\.\d+", text)) <= known
