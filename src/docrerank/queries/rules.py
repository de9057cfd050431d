"""The model-free parts of generation one by one, for runs in which a chat model does the others."""

from __future__ import annotations

import difflib
import random
from collections.abc import Iterator, Sequence
from dataclasses import replace

from docrerank.queries.edits import candidate_edits
from docrerank.queries.facts import Fact
from docrerank.queries.index import DocumentIndex
from docrerank.queries.judge import judge_negative, judge_positive
from docrerank.queries.owner import find_owner
from docrerank.queries.phrasing import Draft
from docrerank.queries.pools import Pools
from docrerank.queries.rephrase import exchange_words, rephrase
from docrerank.queries.slots import find_slots
from docrerank.queries.write import WRITER, draft_page, make_positive, make_rng, mix
from docrerank.recipe import Generate
from docrerank.records import Page, Query, Verdict


class Rules:
    """Writes and judges queries of one document without a model.

    Args:
        pages: all pages of the document, in order.
        recipe: how many of each.
        seed: with a page's id it decides all choices on that page.
    """

    def __init__(self, pages: Sequence[Page], recipe: Generate, seed: int) -> None:
        self.owner = find_owner(pages)
        self.index = DocumentIndex(pages)
        self._recipe, self._seed = recipe, seed
        self._pages = {page.id: page for page in pages}
        self._drafts = {page.id: list(draft_page(page, self.owner, seed)) for page in pages}
        self._pools = Pools(draft for drafts in self._drafts.values() for draft, _ in drafts)
        self._known: dict[tuple[str, str], tuple[Draft, str]] = {}

    def positives(self, page: Page) -> Iterator[Query]:
        """Candidate positives of a page, best first; not yet judged, their ids empty."""
        for draft, section in mix(self._drafts[page.id], make_rng(page, self._seed, "write")):
            self._known[page.id, draft.text] = draft, section
            yield make_positive("", page.id, draft)

    def negatives(self, source: Query) -> list[Query]:
        """Candidate hard negatives of a positive, whoever wrote it; not yet judged, their ids empty."""
        draft, _ = self._draft(source)
        edits = candidate_edits(draft, self._pools, self._recipe, self._rng(source, "edit"))
        return [
            replace(
                source,
                id="",
                text=edit.text,
                kind="hard_negative",
                source_id=source.id,
                answer="",
                property=edit.slot.property,
                original=edit.slot.text,
                edited=edit.edited,
                location="",
                writer=WRITER,
            )
            for edit in edits
        ]

    def rephrasings(self, source: Query) -> list[Query]:
        """Candidate rephrasings of a positive; one that a model wrote gets other words in the same structure."""
        draft, section = self._draft(source)
        rng = self._rng(source, "rephrase")
        if section or draft.fact.kind != "written":
            texts = rephrase(draft, self.owner, section, rng)
        else:
            texts = [text for text in [exchange_words(source.text, rng)] if text != source.text]
        return [
            replace(source, id="", text=text, kind="rephrased", source_id=source.id, writer=WRITER) for text in texts
        ]

    def judge(self, query: Query) -> tuple[Verdict, Verdict]:
        """Both wordings' verdicts on a query and its page."""
        page = self.index.pages[query.page_id]
        if query.kind != "hard_negative":
            return judge_positive(query, page, self.owner)
        return judge_negative(query if query.edited else replace(query, edited=query.text), page, self.owner)

    def answering(self, query: Query) -> tuple[str, ...]:
        """Other pages of the document that answer a query."""
        return self.index.answering(query.text, self.owner, query.page_id)

    def _draft(self, source: Query) -> tuple[Draft, str]:
        """The draft that a positive came from, or one made of its text."""
        fact = Fact("written", source.answer, source.evidence, {})
        made = Draft(source.text, source.form, fact, tuple(find_slots(source.text, {})))
        return self._known.get((source.page_id, source.text), (made, ""))

    def _rng(self, source: Query, purpose: str) -> random.Random:
        return make_rng(self._pages[source.page_id], self._seed, f"{purpose}|{source.text}")


def find_edit(original: str, edited: str) -> tuple[str, str]:
    """The words of two queries from their first to their last difference.

    Example:
        >>> find_edit("net sales in 2019 of Acme", "net sales in 2018 of Acme")
        ('2019', '2018')
    """
    before, after = original.split(), edited.split()
    blocks = difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    changes = [block for block in blocks if block[0] != "equal"]
    if not changes:
        return "", ""
    return " ".join(before[changes[0][1] : changes[-1][2]]), " ".join(after[changes[0][3] : changes[-1][4]])
