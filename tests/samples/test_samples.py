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
Rows = list[dict[str, Any]]


def run_script(*arguments: str) -> None:
    subprocess.run([sys.executable, "-B", str(SAMPLES / "make_samples.py"), *arguments], check=True, timeout=60)


def read_texts(path: Path) -> list[str]:
    document = pdfium.PdfDocument(path)
    texts = [" ".join(page.get_textpage().get_text_range().replace("\ufffe", "-").split()) for page in document]
    document.close()
    return texts


def render_first(path: Path) -> Image.Image:
    document = pdfium.PdfDocument(path)
    image: Image.Image = document[0].render(scale=1).to_pil().convert("L")
    document.close()
    return image


def has_figure(text: str, value: str) -> bool:
    return re.search(rf"(?<!\d)(?<!\d[.,]){re.escape(value)}(?!\d)(?![.,]\d)", text) is not None


@pytest.fixture(scope="module")
def again(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("again")
    run_script("--out", str(folder))
    return folder


@pytest.fixture(scope="module")
def texts() -> dict[str, list[str]]:
    return {path.stem: read_texts(path) for path in (SHIPPED / "corpus").glob("*.pdf")}


@pytest.fixture(scope="module")
def queries() -> Rows:
    return [json.loads(line) for line in (SHIPPED / "queries.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def qrels() -> dict[str, list[tuple[str, int]]]:
    lines = (SHIPPED / "qrels" / "test.tsv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "query-id\tcorpus-id\tscore"
    found: dict[str, list[tuple[str, int]]] = {}
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


def test_the_scan_has_no_text_layer_and_all_other_pages_have_one(texts: dict[str, list[str]]) -> None:
    assert texts[SCAN] == [""]
    assert all(text for stem, pages in texts.items() if stem != SCAN for text in pages)


def test_the_corpus_is_small_and_varied(texts: dict[str, list[str]]) -> None:
    assert len(texts) == 8
    assert 35 <= sum(map(len, texts.values())) <= 50
    assert sum(path.stat().st_size for path in (SHIPPED / "corpus").iterdir()) < 1_500_000


def test_each_answerable_question_has_pages_of_its_document_and_no_other_question_has(
    queries: Rows, qrels: dict[str, list[tuple[str, int]]], texts: dict[str, list[str]]
) -> None:
    for query in queries:
        pages = qrels.get(query["_id"], [])
        assert bool(pages) == query["metadata"]["answerable"]
        for stem, number in pages:
            assert stem == query["metadata"]["document"]
            assert 1 <= number <= len(texts[stem])
    assert set(qrels) <= {query["_id"] for query in queries}


def test_what_an_answer_rests_on_stands_on_its_pages_and_on_no_others(
    queries: Rows, qrels: dict[str, list[tuple[str, int]]], texts: dict[str, list[str]]
) -> None:
    benchmark = load_maker("benchmark")
    for query in queries:
        data = query["metadata"]
        if data["answerable"] and data["document"] != SCAN:
            found = benchmark.pages_with(tuple(data["quotes"]), texts[data["document"]])
            assert [(data["document"], page) for page in found] == qrels[query["_id"]], query


def test_near_misses_name_an_answerable_question_of_the_same_document(queries: Rows) -> None:
    known = {query["_id"]: query["metadata"] for query in queries}
    near = [data for data in known.values() if not data["answerable"]]
    assert len(near) >= 25
    assert len(known) - len(near) >= 60
    for data in near:
        assert known[data["near_miss_of"]]["answerable"]
        assert known[data["near_miss_of"]]["document"] == data["document"]
        assert data["property"] in {"year", "entity", "metric", "segment", "region", "value"}


def test_questions_are_all_different(queries: Rows) -> None:
    assert len({query["text"] for query in queries}) == len(queries) == len({query["_id"] for query in queries})


def test_a_question_that_does_not_agree_with_the_pages_is_refused() -> None:
    benchmark, questions, sheets = (load_maker(name) for name in ("benchmark", "questions", "sheets"))
    made = sheets.Made("doc", {"one": 1, "two": 2}, {})
    pages = ["Sales were 12.4", "Sales were 312.4 and costs 7.0"]
    ask = questions.asker("doc")
    benchmark.check_question(ask("?", "one", "12.4", "Sales|12.4", "Table"), made, pages)
    with pytest.raises(AssertionError, match="on pages"):
        benchmark.check_question(ask("?", "two", "12.4", "Sales|12.4", "Table"), made, pages)
    near = questions.miss("metric", "Costs?", "costs|7.0")
    with pytest.raises(AssertionError, match="on pages"):
        benchmark.check_question(ask("?", "one", "12.4", "Sales|12.4", "Table", near), made, pages)


def test_random_reports_come_with_the_facts_of_their_pages(tmp_path: Path) -> None:
    run_script("--reports", "3", "--out", str(tmp_path / "a"))
    run_script("--reports", "4", "--out", str(tmp_path / "b"))
    facts = json.loads((tmp_path / "a" / "facts.json").read_text(encoding="utf-8"))
    pdfs = sorted((tmp_path / "a").glob("*.pdf"))
    assert len(pdfs) == 3
    assert all(path.read_bytes() == (tmp_path / "b" / path.name).read_bytes() for path in pdfs)
    pages = {path.stem: read_texts(path) for path in pdfs}
    assert {fact["document"] for fact in facts} == set(pages)
    for fact in facts:
        assert has_figure(pages[fact["document"]][fact["page"] - 1], fact["value"]), fact


def test_every_amount_on_a_page_of_a_random_report_is_among_its_facts(tmp_path: Path) -> None:
    """The list is complete: without this, a judge could be called wrong for finding a figure that is there."""
    run_script("--reports", "6", "--out", str(tmp_path), "--seed", "5")
    facts = json.loads((tmp_path / "facts.json").read_text(encoding="utf-8"))
    for path in tmp_path.glob("*.pdf"):
        for number, text in enumerate(read_texts(path), 1):
            known = {f["value"].strip("-%") for f in facts if (f["document"], f["page"]) == (path.stem, number)}
            assert set(re.findall(r"\d[\d,]*\.\d+", text)) <= known


def load_maker(name: str) -> Any:
    if str(SAMPLES) not in sys.path:
        sys.path.append(str(SAMPLES))
    return importlib.import_module(f"maker.{name}")
