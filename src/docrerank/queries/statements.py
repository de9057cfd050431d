"""Facts in prose: what the sentences of a paragraph state that can be asked about."""

from __future__ import annotations

from collections.abc import Iterator

from docrerank.queries.amounts import AMOUNT_READERS
from docrerank.queries.explanations import EXPLANATION_READERS
from docrerank.queries.facts import Fact
from docrerank.queries.grammar import sentences
from docrerank.queries.relations import RELATION_READERS

MIN_WORDS = 5


def read_statements(text: str, owner: str) -> Iterator[Fact]:
    """Yield the facts of running text.

    Args:
        text: a paragraph.
        owner: who "we" is: the company or the document's subject.

    Examples:
        >>> [fact.answer for fact in read_statements("In all, 62% of visitors say they paid by card.", "")]
        ['62%']
    """
    for sentence in sentences(text):
        if len(sentence.split()) >= MIN_WORDS and sentence.rstrip('”") ').endswith((".", "!")):
            for read in (*AMOUNT_READERS, *EXPLANATION_READERS, *RELATION_READERS):
                yield from read(sentence, owner)
