from __future__ import annotations

from pages import lay_out

from docrerank.queries import Written, write_document
from docrerank.recipe import Generate
from docrerank.records import PROPERTIES
from docrerank.words import terms

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


def write(seed: int = 13) -> Written:
    return write_document(PAGES, Generate(), seed)


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
    assert write(1).queries != write(2).queries


def test_a_page_without_text_is_rejected_with_its_reason() -> None:
    assert ("doc/3", "no text") in {(row.page_id, row.reason) for row in write().rejected}


def test_as_many_negatives_are_kept_as_the_recipe_says() -> None:
    written = write_document(PAGES, Generate(negatives_per_positive=1), 13)
    sources = [query.source_id for query in written.queries if query.kind == "hard_negative"]
    assert len(sources) == len(set(sources))
