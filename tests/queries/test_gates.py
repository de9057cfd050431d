from __future__ import annotations

import pytest

from docrerank.queries.gates import fault


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("What does this figure show about sales growth?", "needs the page in hand"),
        ("What is listed below for sales growth?", "needs the page in hand"),
        ("What is it?", "asks too little"),
        ("word " * 50, "too long"),
        ("What was sales growth of \ue000\ue001 widgets?", "unreadable text"),
    ],
)
def test_a_bad_query_has_its_reason(text: str, reason: str) -> None:
    assert fault(text, "") == reason


def test_a_query_that_holds_its_answer_is_found() -> None:
    assert fault("What was revenue of 42 million in 2019?", "42 million") == "holds its own answer"


def test_a_sound_query_has_no_fault() -> None:
    assert fault("What was the revenue of the cloud segment in 2019?", "42 million") == ""
