from __future__ import annotations

import random

import numpy as np
from fixtures.rankings import make_collection

from docrerank.evaluation.benchmark import BenchmarkQuery, take_top


def test_a_question_is_drawn_with_the_document_it_is_asked_of_or_that_answers_it() -> None:
    queries = [
        BenchmarkQuery("asked", "Why?", document="b"),
        BenchmarkQuery("answered", "Who?"),
        BenchmarkQuery("twice", "How?"),
        BenchmarkQuery("nowhere", "When?", answerable=False),
    ]
    qrels = {"asked": {"b/1": 1}, "answered": {"b/2": 1, "a/9": 1, "b/3": 2, "a/1": 0}, "twice": {"b/1": 1, "a/9": 1}}
    assert make_collection(queries, qrels).clusters() == {
        "asked": "b",
        "answered": "b",
        "twice": "a",
        "nowhere": "question nowhere",
    }


def test_the_fast_ranking_is_the_plain_one_with_its_ties() -> None:
    generator = random.Random(5)
    for _ in range(50):
        pages = [f"d{generator.randrange(3)}/{number}" for number in range(30)]
        scores = np.array([generator.randrange(5) / 7 for _ in pages], np.float32)
        given = dict(zip(pages, scores.tolist(), strict=True))
        plain = sorted(given, key=lambda page: (given[page], page), reverse=True)
        assert list(take_top(scores, pages, 12)) == plain[:12]
        assert list(take_top(scores, pages[::-1], 12)) != plain[:12]
