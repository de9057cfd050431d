from __future__ import annotations

import numpy as np

from docrerank.encoding import Encoding
from docrerank.training.examples import choose_windows, find_evidence

TEXTS = ("Heading\nnet sales rose", "Heading\ncosts fell by 3 million", "Heading\nthe board met")
VECTORS = np.eye(3, dtype=np.float32)
QUERY = Encoding(np.zeros((1, 3), np.float32), np.array([[0.1, 0.2, 0.9]], np.float32))


def test_the_window_with_the_evidence_comes_first_then_the_closest() -> None:
    assert choose_windows(TEXTS, VECTORS, QUERY, "costs  fell by 3 million", 2) == (TEXTS[1], TEXTS[2])


def test_without_evidence_the_closest_windows_stand_for_the_page() -> None:
    assert choose_windows(TEXTS, VECTORS, QUERY, "", 2) == (TEXTS[2], TEXTS[1])


def test_evidence_that_no_window_holds_whole_is_found_by_its_words() -> None:
    assert find_evidence(TEXTS, "costs fell million dollars") == 1
    assert find_evidence(TEXTS, "something else altogether here") is None


def test_a_page_without_text_is_one_empty_window() -> None:
    assert choose_windows((), np.zeros((0, 3), np.float32), QUERY, "x", 2) == ("",)
