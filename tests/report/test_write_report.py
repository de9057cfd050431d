from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from docrerank.recipe import load_recipe
from docrerank.records import Page, UserError
from docrerank.report import write_report
from docrerank.report.examples import find_evidence
from docrerank.report.results import describe_gain
from docrerank.runs import Run


class Reader(HTMLParser):
    """Collects a page's tags with their attributes, and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def read(path: Path) -> Reader:
    reader = Reader()
    reader.feed(path.read_text("utf-8"))
    return reader


def test_hostile_words_stay_words(hostile_report: Path, hostile: str) -> None:
    page = read(hostile_report)
    assert not [tag for tag, _ in page.tags if tag in ("script", "iframe", "object", "form")]
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    assert page.text.count("<script>alert('1')</script>") > 10
    assert "{{ 7*7 }}" in page.text


def test_the_file_needs_nothing_else(hostile_report: Path) -> None:
    path = hostile_report
    page = read(path)
    links = [
        value or "" for _, attributes in page.tags for name, value in attributes.items() if name in ("src", "href")
    ]
    assert len(links) > 6
    assert all(link.startswith(("data:", "#")) for link in links)
    assert "url(" not in path.read_text("utf-8").lower()
    assert "@import" not in path.read_text("utf-8")
    assert path.stat().st_size < 5_000_000


def test_folders_of_the_machine_are_not_told(hostile_report: Path) -> None:
    assert "/home/someone" not in hostile_report.read_text("utf-8")


def test_every_picture_is_described_and_every_table_has_a_caption(plain_report: Path) -> None:
    page = read(plain_report)
    pictures = [attributes for tag, attributes in page.tags if tag == "img"]
    assert len(pictures) == 2, [picture["alt"] for picture in pictures]
    assert all(picture["alt"] and picture["width"] for picture in pictures)
    tags = [tag for tag, _ in page.tags]
    assert tags.count("table") == tags.count("caption") == 5
    assert tags.count("h1") == 1


def test_links_lead_to_sections_and_ids_are_unique(plain_report: Path) -> None:
    page = read(plain_report)
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    anchors = [str(attributes["href"])[1:] for tag, attributes in page.tags if tag == "a"]
    assert len(ids) == len(set(ids))
    assert set(anchors) <= set(ids)


def test_edits_are_marked(plain_report: Path) -> None:
    text = plain_report.read_text("utf-8")
    assert "in <del>2019</del> <ins>What are net sales of Hyper" in text
    assert "answered by page 3" in text


def test_training_is_credited_with_what_it_gained_over_its_start(plain_report: Path) -> None:
    text = " ".join(read(plain_report).text.split())
    lead, results = text.partition("Results")[0], text.partition("Results")[2].partition("Examples")[0]
    assert "3 pages gave 2 verified questions and 2 hard negatives" in lead
    assert lead.endswith("Training made no difference that 2 questions can show. ")
    figures = results.partition("All 5 systems")[0]
    order = [figures.index(title) for title in ("Best untrained", "Start", "Trained", "Gain of training")]
    assert order == sorted(order)
    assert "docrerank-mini, fused" in figures
    assert "best order of the 20 candidates" in results


@pytest.mark.parametrize(
    ("gain", "said"),
    [
        ((0.02, 0.01, 0.03), "Training gained NDCG@5 on these questions"),
        ((-0.02, -0.03, -0.01), "Training lost NDCG@5 on these questions"),
        ((0.0, 0.0, 0.0), "Training made no difference that 1,234 questions can show"),
    ],
)
def test_the_verdict_follows_the_interval(gain: tuple[float, float, float], said: str) -> None:
    interval = dict(zip(("value", "low", "high"), gain, strict=True))
    content = {"gain_of_training": interval, "comparison": {"queries": 1234}}
    found = describe_gain(content)
    assert found is not None
    assert found[0] == said
    assert describe_gain({"gain_of_training": None, "gain_over_untrained": interval, "trained": None}) is None


def test_documents_read_and_left_out_are_counted_apart(plain_report: Path) -> None:
    text = " ".join(read(plain_report).text.split())
    assert "1 document read, 1 left out; 3 pages" in text
    assert "2 files, pages and queries left out" in text
    assert "docrerank rejected RUN" in text


def test_the_answer_is_marked_on_its_page(tmp_path: Path) -> None:
    words = "Net sales rose to 744.3 in 2019 and Net sales fell".split()
    boxes = np.array(
        [[0.1 * (at % 6), 0.2 * (at // 6), 0.1 * (at % 6) + 0.08, 0.2 * (at // 6) + 0.1] for at in range(11)]
    )
    page = Page("a/1", "a", 1, "a.pdf", "", 1, 1, " ".join(words), "layer", boxes.astype(np.float32))
    (mark,) = find_evidence(page, "sales 744.3 In")
    assert (mark["left"], mark["top"], mark["width"]) == pytest.approx((10, 0, 48), abs=1e-3)
    assert len(find_evidence(page, " ".join(words))) == 2  # two lines
    assert find_evidence(page, "nothing of this is here") == find_evidence(page, "") == []


def test_the_same_run_gives_the_same_file(plain_run: Run, plain_report: Path) -> None:
    first = plain_report.read_bytes()
    assert write_report(plain_run).read_bytes() == first


@pytest.mark.parametrize("missing", ["evaluation", "model", "queries", "pages"])
def test_a_report_can_be_written_after_any_stage(missing: str, tmp_path: Path, plain_run: Run) -> None:
    """Each step takes away one stage more than the last."""
    order = ["evaluation", "model", "queries", "pages"]
    run = Run.create(tmp_path / "RUN", load_recipe("cpu", ["workers=1"]))
    kept = order[order.index(missing) + 1 :]
    if "pages" in kept:
        run.pages.write("a", plain_run.pages.read("a"), "f00d")
    if "queries" in kept:
        run.queries.write("a", plain_run.queries.read("a"), "f00d")
    if "model" in kept:
        run.model.mkdir()
    text = " ".join(read(write_report(run)).text.split())
    assert ("Not evaluated yet" in text) is True
    assert ("Not trained yet" in text) is ("model" not in kept)
    assert ("No queries written yet" in text) is ("queries" not in kept)
    assert ("Nothing ingested yet" in text) is ("pages" not in kept)


def test_a_page_whose_file_is_gone_is_told_without_its_picture(tmp_path: Path, plain_run: Run) -> None:
    run = Run.create(tmp_path / "RUN", load_recipe("cpu", ["workers=1"]))
    run.pages.write("a", (replace(page, source=str(tmp_path / "gone.pdf")) for page in plain_run.pages.read()), "f00d")
    run.queries.write("a", plain_run.queries.read("a"), "f00d")
    text = write_report(run).read_text("utf-8")
    assert re.findall("no picture of (a/[0-9])", text) in (["a/1", "a/3"], ["a/3", "a/1"])


def test_a_damaged_evaluation_is_told_in_one_line(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "RUN", load_recipe("cpu"))
    run.evaluation.write_text("{")
    with pytest.raises(UserError, match="damaged: delete it and evaluate again"):
        write_report(run)


def test_pages_that_repeat_others_are_counted(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run", load_recipe("cpu"))
    texts = ["net sales rose", "the board met", "net sales rose", "net sales rose in 2020"]
    pages = [
        Page(f"a/{n}", "a", n, "", "", 1, 1, text, "layer", np.zeros((0, 4), np.float32))
        for n, text in enumerate(texts, 1)
    ]
    run.pages.write("a", pages[:2], "1")
    assert "pages repeat" not in read(write_report(run)).text
    run.pages.write("a", pages, "2")
    assert "1 pages repeat 1 others" in read(write_report(run)).text
