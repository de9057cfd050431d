from __future__ import annotations

import random

import numpy as np

from docrerank.evaluation.benchmark import take_top
from docrerank.evaluation.scoring import drop_ocr
from docrerank.records import Page
from docrerank.records.page import TextSource


def make_page(number: int, source: TextSource) -> Page:
    boxes = np.zeros((2, 4), np.float32)
    return Page(f"a/{number}", "a", number, "a.pdf", "0" * 64, 600, 800, "Net sales", source, boxes)


def test_the_fast_ranking_is_the_plain_one_with_its_ties() -> None:
    generator = random.Random(5)
    for _ in range(50):
        pages = [f"d{generator.randrange(3)}/{number}" for number in range(30)]
        scores = np.array([generator.randrange(5) / 7 for _ in pages], np.float32)
        given = dict(zip(pages, scores.tolist(), strict=True))
        plain = sorted(given, key=lambda page: (given[page], page), reverse=True)
        assert list(take_top(scores, pages, 12)) == plain[:12]
        assert list(take_top(scores, pages[::-1], 12)) != plain[:12]


def test_a_page_read_by_ocr_is_empty_for_bm25_over_text_layers() -> None:
    pages = drop_ocr([make_page(1, "layer"), make_page(2, "ocr"), make_page(3, "none")])
    assert [page.text for page in pages] == ["Net sales", "", ""]
