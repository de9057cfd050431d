"""All facts of a page, each with the heading it stands under."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from docrerank.pages import Block, blocks
from docrerank.queries.company_name import call_by_name
from docrerank.queries.derived_measures import read_derived
from docrerank.queries.facts import Fact
from docrerank.queries.headings import clean_heading, read_captions, read_headings
from docrerank.queries.read_tables import read_tables
from docrerank.queries.statements import read_statements
from docrerank.queries.table_facts import read_label, table_facts
from docrerank.records import Page

MIN_PROSE_WORDS = 8
#: Kinds of page whose rows are the company's own; a note's table may be an affiliate's or a segment's.
STATEMENTS = {"balance sheet", "income statement", "cash flow statement", "selected data"}


def read_facts(page: Page, owner: str) -> Iterator[tuple[Fact, str]]:
    """Yield a page's facts with the heading over each (empty where there is none).

    Args:
        page: the page.
        owner: who "we" is in its prose.
    """
    parts = blocks(page)
    rows = [line for block in parts for line in block.lines]
    tables = list(read_tables(rows))
    found = [(fact, table.title) for table in tables for fact in table_facts(table)]
    if not page.kinds or STATEMENTS.intersection(page.kinds):
        found += ((fact, "") for fact in read_derived(tables))
    found += ((fact, "") for line in rows if (fact := read_label(line)) is not None)
    found += ((fact, "") for fact in (*read_captions(parts), *read_headings(parts)))
    found += _read_prose(parts, call_by_name(owner))
    answers: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for fact, _ in found:
        answers[_asked(fact)].add(fact.answer)
    yield from ((fact, section) for fact, section in found if len(answers[_asked(fact)]) == 1)


def _asked(fact: Fact) -> tuple[str, ...]:
    """What is asked about a fact: facts that share it and differ in their answers cannot be told apart."""
    return (fact.kind, *fact.parts.values())


def _read_prose(parts: Sequence[Block], owner: str) -> Iterator[tuple[Fact, str]]:
    section = ""
    for block in parts:
        if block.is_heading:
            section = clean_heading(block.text)
        elif len(block.text.split()) >= MIN_PROSE_WORDS and not block.is_tabular:
            yield from ((fact, section) for fact in read_statements(block.text, owner))
