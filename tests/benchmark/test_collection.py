from __future__ import annotations

from fixtures.rankings import make_collection

from docrerank.benchmark import BenchmarkQuery


def test_a_question_is_drawn_with_the_document_it_is_asked_of_or_that_answers_it() -> None:
    queries = [
        BenchmarkQuery("asked", "Why?", document="b"),
        BenchmarkQuery("answered", "Who?"),
        BenchmarkQuery("twice", "How?"),
        BenchmarkQuery("nowhere", "When?", answerable=False),
    ]
    qrels = {"asked": {"b/1": 1}, "answered": {"a/1": 1, "b/2": 0, "a/3": 2}, "twice": {"b/1": 1, "a/9": 1}}
    assert make_collection(queries, qrels).clusters() == {
        "asked": "b",
        "answered": "a",
        "twice": "a\nb",
        "nowhere": "question nowhere",
    }
