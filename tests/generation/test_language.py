"""Languages by script and by their commonest words; only a plain contradiction counts."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docrerank.generation.language import find_language, is_other_language

SENTENCES = {
    "en": "What is the share of people who worked for the company in 2019?",
    "de": "Wie viele Menschen wurden im Jahr 2019 von der Firma und den Töchtern eingestellt?",
    "fr": "Combien de personnes ont été employées par la société et les filiales dans le pays ?",
    "es": "¿Cuántos empleados tenía la empresa en el año y quién es el director de los servicios?",
    "it": "Quanti sono i dipendenti della società e come è cambiato il fatturato nel 2019?",
    "pt": "Quantos empregados não foram contratados pela empresa em 2019 e como foi o ano da venda?",
    "nl": "Hoeveel mensen werkten er in het jaar 2019 voor de firma en wie is de eigenaar van het bedrijf?",
    "sv": "Hur många personer är anställda och vad är det och varför inte på den svenska delen?",
    "pl": "Ile osób nie pracowało w firmie i jak się zmieniła sprzedaż na rynku od roku do roku?",
    "CYRILLIC": "Сколько людей работало в компании в 2019 году?",
    "CJK": "公司二零一九年有多少员工",
    "ARABIC": "كم عدد الموظفين في الشركة",
}


@pytest.mark.parametrize("language", SENTENCES)
def test_a_plain_sentence_has_its_language(language: str) -> None:
    assert find_language(SENTENCES[language]) == language


@pytest.mark.parametrize("language", [name for name in SENTENCES if name != "en"])
def test_a_query_in_another_language_than_its_page_is_found(language: str) -> None:
    assert is_other_language(SENTENCES[language], "en")
    assert not is_other_language(SENTENCES[language], language)


@pytest.mark.parametrize("query", ["EBITDA 2019", "net sales Acme", "GDP", "42", "", "???"])
def test_a_query_that_is_not_plainly_of_any_language_passes(query: str) -> None:
    assert not any(
        is_other_language(query, language) for language in SENTENCES if language not in ("CJK", "ARABIC", "CYRILLIC")
    )


def test_a_page_without_a_plain_language_lets_all_pass() -> None:
    assert not any(is_other_language(text, find_language("12 34 %")) for text in SENTENCES.values())


@given(st.text(max_size=400))
def test_any_text_has_a_language_or_none(text: str) -> None:
    found = find_language(text)
    assert found == "" or found in SENTENCES or found.isupper()
    assert not is_other_language(text, found)


def test_a_huge_text_takes_no_longer() -> None:
    started = time.process_time()
    find_language("the of and " * 1_000_000)
    assert time.process_time() - started < 2
