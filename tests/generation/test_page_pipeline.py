"""The stages of a page, done by rules: what is kept, with what, and what is left out with its reason."""

from __future__ import annotations

import asyncio

from pages import lay_out

from docrerank.generation import open_roles, write_in_turn
from docrerank.generation.page_pipeline import Written
from docrerank.pages import DrawingPool
from docrerank.recipe import load_recipe
from docrerank.records import PROPERTIES, Page, Query
from docrerank.retrieval import terms

PAGES = [
    lay_out(
        """
Acme Tools annual report: income statement
Year ended December 31          2020      2019      2018
Net sales                      1,234     1,100       990
Operating income                 434       400       340
Research expenses                120       110       100
""",
        1,
    ),
    lay_out(
        """
Staff and sites
Gross profit increased by 12% in 2016, mainly due to lower freight costs.
In all, 62% of engineers say they work in Germany.
The company was founded in 1982 by two brothers.
Selling expenses were $42.5 million in 2017.
""",
        2,
    ),
    lay_out("\n", 3),
]


def write(*overrides: str, pages: list[Page] = PAGES, given: dict[str, list[Query]] | None = None) -> Written:
    """What rules write for a document, its pages together."""
    roles = open_roles(pages, load_recipe("cpu", overrides), {}, DrawingPool())
    whole = Written()
    for page in asyncio.run(write_in_turn(pages, roles, given)):
        whole.queries += page.queries
        whole.verdicts += page.verdicts
        whole.rejected += page.rejected
    return whole


def test_every_kept_query_has_its_page_property_source_and_verdicts() -> None:
    written = write()
    by_id = {query.id: query for query in written.queries}
    judged = [verdict.query_id for verdict in written.verdicts]
    negatives = [query for query in written.queries if query.kind == "hard_negative"]
    assert negatives
    for query in written.queries:
        assert judged.count(query.id) == 2
    for query in negatives:
        source = by_id[query.source_id]
        assert source.kind == "positive"
        assert source.page_id == query.page_id
        assert query.property in PROPERTIES


def test_a_negative_is_its_positive_with_one_span_exchanged() -> None:
    written = write()
    by_id = {query.id: query for query in written.queries}
    for query in written.queries:
        if query.kind == "hard_negative":
            source = by_id[query.source_id].text
            assert any(
                source[:at] + query.edited + source[at + len(query.original) :] == query.text
                for at in range(len(source))
                if source.startswith(query.original, at)
            )


def test_what_a_negative_puts_in_does_not_stand_on_its_page() -> None:
    texts = {page.id: set(terms(page.text)) for page in PAGES}
    for query in write().queries:
        if query.kind == "hard_negative":
            assert not set(terms(query.edited)) <= texts[query.page_id]


def test_verdicts_agree_with_what_was_kept() -> None:
    written = write()
    kinds = {query.id: query.kind for query in written.queries}
    assert all(verdict.answerable == (kinds[verdict.query_id] != "hard_negative") for verdict in written.verdicts)


def test_the_same_seed_writes_the_same_and_another_seed_does_not() -> None:
    assert write() == write()
    assert write("seed=1").queries != write("seed=2").queries


def test_a_page_without_text_is_rejected_with_its_reason() -> None:
    assert ("doc/3", "no text") in {(row.page_id, row.reason) for row in write().rejected}


def test_as_many_negatives_are_kept_as_the_recipe_says() -> None:
    written = write("generate.negatives_per_positive=1")
    sources = [query.source_id for query in written.queries if query.kind == "hard_negative"]
    assert len(sources) == len(set(sources))


def test_unverified_negatives_are_kept_with_what_the_rules_say_of_them() -> None:
    written = write("generate.verify_negatives=false")
    negatives = {query.id for query in written.queries if query.kind == "hard_negative"}
    answerable = [verdict for verdict in written.verdicts if verdict.query_id in negatives and verdict.answerable]
    assert negatives
    assert answerable  # the control: what the judge would have turned down is there
    assert not [row for row in written.rejected if row.reason == "negative answered by its page"]


def repeat(text: str, answers: list[str]) -> list[Query]:
    return [
        Query(f"doc/1#{at}", "doc/1", text, "positive", "question", answer=answer, evidence=EVIDENCE)
        for at, answer in enumerate(answers)
    ]


EVIDENCE = "Acme Tools employed 340 people in Graz in 2018."
ASKED = "How many people did Acme Tools employ in Graz in 2018?"


def test_a_query_that_was_turned_down_does_not_stand_in_the_way_of_a_good_one_with_the_same_words() -> None:
    page = lay_out(EVIDENCE)
    written = write("generate.min_negatives=0", pages=[page], given={page.id: repeat(ASKED, ["999", "340", "340"])})
    assert [query.id for query in written.queries if query.kind == "positive"] == ["doc/1#1"]
    assert [row.reason for row in written.rejected if row.subject == ASKED] == [
        "not answered by its page",
        "near-duplicate",
    ]


def test_a_positive_that_more_than_three_other_pages_answer_is_rejected_whoever_wrote_it() -> None:
    for others, reason in ((3, []), (4, ["answered by many pages"])):
        pages = [lay_out(EVIDENCE, number) for number in range(1, others + 2)]
        written = write("generate.min_negatives=0", pages=pages, given={"doc/1": repeat(ASKED, ["340"])})
        assert [row.reason for row in written.rejected if row.subject == ASKED] == reason


def test_pages_written_in_turn_repeat_no_query_of_a_page_before() -> None:
    pages = [lay_out(EVIDENCE, 1), lay_out(EVIDENCE, 2)]
    second = [Query("doc/2#0", "doc/2", ASKED, "positive", "question", answer="340", evidence=EVIDENCE)]
    given = {"doc/1": repeat(ASKED, ["340"]), "doc/2": second}
    written = write("generate.min_negatives=0", pages=pages, given=given)
    assert [query.page_id for query in written.queries if query.kind == "positive"] == ["doc/1"]
