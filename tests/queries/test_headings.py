from __future__ import annotations

import pytest
from pages import lay_out

from docrerank.pages import Block, blocks
from docrerank.queries.headings import base_verb, read_captions, read_headings


def block(text: str, is_heading: bool = False) -> Block:
    lines = tuple(line for part in blocks(lay_out(text)) for line in part.lines)
    return Block(lines, is_heading)


BODY = "Press and hold the upper button until the screen lights up, then choose an entry and wait for a moment."


@pytest.mark.parametrize(
    ("heading", "kind", "part"),
    [
        ("Rejecting incoming calls", "task", "reject incoming calls"),
        ("How do I select a region?", "asked", "How do I select a region"),
        ("Benefits of membership", "aspect", "benefits of membership"),
    ],
)
def test_a_heading_that_people_would_ask_about_is_asked(heading: str, kind: str, part: str) -> None:
    facts = list(read_headings([block(heading, True), block(BODY)]))
    assert [(fact.kind, next(iter(fact.parts.values()))) for fact in facts] == [(kind, part)]


@pytest.mark.parametrize(
    "heading", ["Follow us on", "Living in Latino neighborhoods", "Do not rely on rezonings alone"]
)
def test_other_headings_are_not(heading: str) -> None:
    assert not list(read_headings([block(heading, True), block(BODY)]))


def test_a_list_under_a_plural_is_counted() -> None:
    items = block("- pumps for ships\n- valves for mills\n- fittings of brass")
    facts = {fact.kind: fact for fact in read_headings([block("Main products", True), items])}
    assert facts["points_count"].answer.startswith("3:")


def test_a_caption_that_is_a_sentence_is_not_asked_for() -> None:
    assert list(read_captions([block("Figure 3: Distribution of personality traits in two datasets")]))
    assert not list(read_captions([block("Figure 4: Bootstrapping improves generalization on chess puzzles")]))


def test_only_known_verbs_are_tasks() -> None:
    assert base_verb("Setting") == "set"
    assert base_verb("Morning") == ""
