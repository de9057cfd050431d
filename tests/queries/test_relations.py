from __future__ import annotations

import pytest

from docrerank.queries.statements import read_statements


@pytest.mark.parametrize(
    ("text", "kind", "answer"),
    [
        ("The harbour is closed in winter because the ice would crush the ships.", "why", "the ice would crush"),
        ("The head office is located in Aldren Harbour.", "where", "in Aldren Harbour"),
        ("The survey was conducted by Aldren Research Partners.", "by_whom", "Aldren Research Partners"),
        ("The upper valve is used to drain the tank before repairs.", "use", "to drain the tank"),
        ("You can change the language of the menu at any time.", "can", "You can change"),
        ("Students must submit the signed form to the registry.", "must", "Students must submit"),
        ("Among engineers, 38% work in more than one country.", "among", "38%"),
    ],
)
def test_a_sentence_gives_its_kind_of_fact(text: str, kind: str, answer: str) -> None:
    facts = {fact.kind: fact.answer for fact in read_statements(text, "Acme")}
    assert facts[kind].startswith(answer)


@pytest.mark.parametrize(
    "text",
    ["It is located in Aldren Harbour.", "You can change it at any time in the menu.", "The form is not, as such"],
)
def test_a_sentence_that_points_elsewhere_gives_nothing(text: str) -> None:
    assert not list(read_statements(text, ""))
