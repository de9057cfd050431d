from __future__ import annotations

import numpy as np

from docrerank.records import Page
from docrerank.runs import split_pages


def make_pages(*sizes: int) -> list[Page]:
    boxes = np.zeros((0, 4), np.float32)
    return [
        Page(f"{name}/{number}", name, number, "", "", 1, 1, "", "none", boxes)
        for name, size in zip("abcdefghij", sizes, strict=False)
        for number in range(1, size + 1)
    ]


def test_no_document_is_in_both_parts() -> None:
    split = split_pages(make_pages(3, 4, 5, 2, 6, 1, 2, 3), 0.25, 13)
    documents = [{page.split("/")[0] for page in part} for part in (split.train, split.dev)]
    assert not documents[0] & documents[1]
    assert len(documents[1]) == 2
    assert split.unit == "document"


def test_two_documents_give_one_to_each_part() -> None:
    split = split_pages(make_pages(3, 3), 0.01, 13)
    assert (len(split.train), len(split.dev)) == (3, 3)


def test_one_document_is_split_by_page_and_says_so() -> None:
    split = split_pages(make_pages(10), 0.2, 13)
    assert (split.unit, len(split.train), len(split.dev)) == ("page", 8, 2)


def test_a_single_page_is_for_training() -> None:
    split = split_pages(make_pages(1), 0.5, 13)
    assert (len(split.train), len(split.dev)) == (1, 0)


def test_the_split_follows_from_the_seed() -> None:
    pages = make_pages(*[2] * 10)
    assert split_pages(pages, 0.3, 1) == split_pages(list(reversed(pages)), 0.3, 1)
    assert len({split_pages(pages, 0.3, seed).dev for seed in range(8)}) > 1
