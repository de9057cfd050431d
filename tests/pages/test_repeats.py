"""Pages that repeat others are found as comparing all with all finds them, in time that is linear in pages."""

from __future__ import annotations

import time
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest

from docrerank.pages import find_repeats, repeats
from docrerank.pages.repeats import list_repeats, read_wordings
from docrerank.recipe import load_recipe
from docrerank.records import Page
from docrerank.runs import Run

WORDS = np.array([f"{a}{b}" for a in ("sa", "ne", "bo", "ha", "cre", "flo") for b in ("les", "t", "ard", "ting", "w")])
LIKENESS = 0.8


def make_page(document: str, number: int, text: str) -> Page:
    return Page(f"{document}/{number}", document, number, "", "", 1, 1, text, "layer", np.zeros((0, 4), np.float32))


def draw_corpus(seed: int) -> list[Page]:
    """Documents of which many pages are copies of earlier ones, with some words or a number changed."""
    rng = np.random.default_rng(seed)
    texts: list[list[str]] = []
    for _ in range(120):
        if texts and rng.random() < 0.7:
            text = list(texts[rng.integers(len(texts))])
            for place in rng.integers(0, len(text) or 1, rng.integers(0, 5)) if text else ():
                text[place] = str(rng.choice(WORDS)) if rng.random() < 0.8 else str(rng.integers(9))
        else:
            text = [str(word) for word in rng.choice(WORDS, rng.integers(0, 80))]
            text[5:5] = [str(number) for number in rng.integers(0, 9, rng.integers(0, 3))]
        texts.append(text)
    return [make_page(f"d{row // 10}", row % 10 + 1, " ".join(text)) for row, text in enumerate(texts)]


def compare_all(pages: list[Page], likeness: float) -> dict[str, str]:
    """The plain way: every page with every page before it that repeats none."""
    found: dict[str, str] = {}
    firsts: list[tuple[Page, repeats.Wording]] = []
    for page, wording in read_wordings(pages):
        for first, other in firsts:
            if wording.numbers == other.numbers and wording.measure_likeness(other) >= likeness:
                found[page.id] = first.id
                break
        else:
            firsts += [(page, wording)] if len(wording.shingles) else []
    return found


def find(pages: list[Page], likeness: float = LIKENESS) -> dict[str, str]:
    return {row.page_id: row.first_id for row in list_repeats(pages, likeness)}


@pytest.mark.parametrize("seed", range(20))
def test_it_finds_what_comparing_all_pages_finds(seed: int) -> None:
    pages = draw_corpus(seed)
    found = find(pages)
    assert found == compare_all(pages, LIKENESS)
    assert 10 < len(found) < 80
    assert found != compare_all(pages, 0.95)  # the control: another likeness finds other pages


def test_candidates_are_compared_before_they_count(monkeypatch: pytest.MonkeyPatch) -> None:
    pages = draw_corpus(0)
    plain = find(pages)
    monkeypatch.setattr(repeats, "_is_alike", lambda *_: True)
    assert find(pages) != plain


TABLE = (
    "Consolidated net sales by region in millions of dollars, as they were reported to the board of directors\n"
    "Canada {} {}\nMexico {} {}\nall others {} {}\nThe notes that follow are a part of these statements\n"
)


def test_last_years_table_is_no_copy_and_the_same_filing_under_two_names_is() -> None:
    rows = [(41, 38, 52, 50, 7, 6), (38, 35, 50, 47, 6, 9), (41, 38, 52, 50, 7, 5), (52, 50, 41, 38, 7, 6)]
    tables = [TABLE.format(*own) for own in rows]
    pages = [make_page(name, 1, text) for name, text in zip("abcd", tables, strict=True)]
    assert find(pages) == {}
    assert find([*pages, make_page("e", 1, tables[0].replace("statements", "accounts"))]) == {"e/1": "a/1"}


def test_a_chapter_reprinted_under_other_page_numbers_is_found() -> None:
    texts = [" ".join(np.random.default_rng(seed).choice(WORDS, 40)) + f" {seed} of 300\n" for seed in range(8)]
    chapter = [make_page("book", number, f"{text}{number + 30}\n") for number, text in enumerate(texts, 1)]
    reprint = [make_page("reprint", number, f"{text}{number}\n") for number, text in enumerate(texts, 1)]
    assert find([*chapter, *reprint]) == {f"reprint/{number}": f"book/{number}" for number in range(1, 9)}
    years = [make_page("book", number, page.text.replace("300", "301")) for number, page in enumerate(reprint, 1)]
    assert find([*chapter, *years]) == {}  # the control: another number than the page's


def test_pages_without_text_repeat_nothing() -> None:
    assert find([make_page("a", number, text) for number, text in enumerate(["", "...", "", "same", "same"], 1)]) == {
        "a/5": "a/4"
    }
    assert find([]) == {}


@pytest.mark.parametrize("changed", [pytest.param(False, marks=pytest.mark.slow), True])
def test_ten_thousand_pages_of_one_text_cost_little_more_than_ten_thousand_texts(changed: bool) -> None:
    rng = np.random.default_rng(0)
    text = " ".join(rng.choice(WORDS, 60))
    texts = [f"{text} {rng.choice(WORDS) if changed else ''}" for _ in range(10_000)]
    others = [" ".join(rng.choice(WORDS, 60)) for _ in range(10_000)]
    seconds = []
    for own in (others, texts):
        pages = [make_page(f"d{row // 100}", row % 100 + 1, each) for row, each in enumerate(own)]
        started = time.process_time()
        found = find(pages)
        seconds.append(time.process_time() - started)
    assert len(found) == 9_999
    assert len(set(found.values())) == 1
    assert seconds[1] < 3 * seconds[0] + 1


def test_what_a_run_repeats_is_kept_until_its_pages_change(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run", load_recipe("cpu"))
    pages = draw_corpus(1)
    for name, own in groupby(pages, key=lambda page: page.document):
        run.pages.write(name, list(own), name)
    found = find_repeats(run)
    assert found == find(sorted(pages, key=lambda page: page.document))
    assert run.manifest.read()["stages"]["repeats"]["pages_that_repeat"] == len(found)
    files = {path: path.stat().st_mtime_ns for path in (run.path / "repeats").iterdir()}
    assert find_repeats(run) == found
    assert files == {path: path.stat().st_mtime_ns for path in (run.path / "repeats").iterdir()}
    run.pages.write("d0", [make_page("d0", 1, "something else")], "changed")
    assert find_repeats(run) != found
