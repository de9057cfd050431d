from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docrerank.records import UserError
from docrerank.reranker import Reranker
from docrerank.retrieval import Answer, ModelCard, choose_threshold, measure_relevance, read_card
from docrerank.retrieval.relevance import find_names

unit = st.floats(0, 1)


def test_names_are_capitalised_words_within_the_question_and_numbers() -> None:
    assert find_names("How much did Acme Ltd sell in Chile, in 2019 or 2,020?") == {
        "acm",
        "ltd",
        "chile",
        "2019",
        "2020",
    }
    assert find_names("what is the warranty period?") == frozenset()


def test_a_name_that_no_page_holds_costs_relevance_whatever_the_model_says() -> None:
    pages = ["Acme sold 5 boats in 2019", "Bolt sold none"]
    there = measure_relevance("boats of Acme sold in 2019", pages, 0.1)
    elsewhere = measure_relevance("boats of Bolt sold in 2019", pages, 0.9)
    nowhere = measure_relevance("boats of Zebra sold in 1876", pages, 0.9)
    assert there > elsewhere > nowhere


@given(st.text(max_size=80), st.lists(st.text(max_size=60), max_size=4), unit)
def test_relevance_is_a_share_of_one(query: str, texts: list[str], probability: float) -> None:
    assert 0 <= measure_relevance(query, texts, probability) <= 1


def test_without_text_the_models_own_probability_counts() -> None:
    assert measure_relevance("sales of Acme in 2019", ["", " "], 0.7) == 0.7


@given(st.lists(unit, min_size=20, max_size=60), st.lists(unit, min_size=20, max_size=60), st.floats(0, 0.5))
def test_no_more_than_the_wanted_share_of_unanswerable_questions_passes(
    kept: list[float], false: list[float], rate: float
) -> None:
    judged = [*((True, value) for value in kept), *((False, value) for value in false)]
    found = choose_threshold(judged, rate, "dev part")
    assert found is not None
    passing = sum(map(found.answers, false)) / len(false)
    assert passing <= rate + 1e-9
    assert found.false_answers == pytest.approx(passing, abs=1e-4)
    lower = max((value for value in false if value < found.relevance), default=None)
    if lower is not None:  # any lower threshold would let more through than wanted
        assert sum(value >= lower for value in false) > int(rate * len(false) + 1e-9)


def test_few_questions_choose_no_threshold() -> None:
    assert choose_threshold([(True, 0.9)] * 19 + [(False, 0.1)] * 50, 0.1, "dev part") is None


def test_a_threshold_is_kept_with_the_model_and_a_damaged_one_is_told(tmp_path: Path) -> None:
    card = ModelCard(relevance_threshold=choose_threshold([(True, 0.9), (False, 0.1)] * 20, 0.1, "dev part"))
    card.write(tmp_path)
    assert read_card(tmp_path) == card
    content = json.loads((tmp_path / "docrerank.json").read_text())
    content["relevance_threshold"]["relevance"] = "high"
    (tmp_path / "docrerank.json").write_text(json.dumps(content))
    with pytest.raises(UserError, match="cannot be read"):
        read_card(tmp_path)


def test_a_reranker_says_whether_a_page_answers(untrained: Reranker, topic_pages: Any) -> None:
    threshold = choose_threshold([(True, 0.9), (False, 0.5)] * 20, 0.0, "dev part")
    told = Reranker(untrained.scorer, replace(untrained.card, relevance_threshold=threshold))
    pages = list(topic_pages)
    found = told.find_answer("who is the Emperor of Zanzibar in 1876?", pages)
    assert found.answered is False
    assert found.describe().startswith("no page answers this")
    assert untrained.find_answer("who is the Emperor of Zanzibar in 1876?", pages).answered is None
    words = " ".join(pages[0].text.split()[1:6])
    assert told.find_answer(f"what about {words.lower()}?", pages).answered is True


def test_an_answer_without_a_threshold_says_nothing() -> None:
    assert Answer(0.1, None).describe() == ""
    assert Answer(0.1, None).to_dict() == {"answered": None, "relevance": 0.1, "relevance_threshold": None}
