from __future__ import annotations

from fixtures.rankings import make_collection

from docrerank.evaluation.benchmark import BenchmarkQuery


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
