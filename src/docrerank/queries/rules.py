"""The model-free writer and judge of one document: what it asks, edits, rephrases and says of each page."""

from __future__ import annotations

import difflib
import hashlib
import itertools
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property

from docrerank.queries.company_name import find_owner
from docrerank.queries.edit_words import Pools
from docrerank.queries.editable_spans import find_slots
from docrerank.queries.edits import candidate_edits
from docrerank.queries.facts import Fact
from docrerank.queries.index import DocumentIndex
from docrerank.queries.judge import judge_negative, judge_positive
from docrerank.queries.near_words import NearWords
from docrerank.queries.phrasing import Draft, phrase
from docrerank.queries.read_facts import read_facts
from docrerank.queries.rephrase import exchange_words, rephrase
from docrerank.recipe import Generate
from docrerank.records import Page, Query, Verdict

WRITER = "rules/6"

#: Facts of a page that are asked about at most; a page of dense tables states thousands.
MAX_DRAFTS = 80
#: Kinds of fact that name a topic and state nothing: asked about where a page has nothing better.
_GENERAL = ("caption", "topic", "points")


class Rules:
    """Writes and judges queries of one document without a model.

    Args:
        pages: all pages of the document, in order.
        recipe: how many of each.
        seed: with a page's id, and the query that is edited or rephrased, it decides all choices.

    Examples:
        >>> Rules([], Generate(), seed=13).owner
        ''
    """

    def __init__(self, pages: Sequence[Page], recipe: Generate, seed: int) -> None:
        self.owner = find_owner(pages)
        self.index = DocumentIndex(pages)
        self._recipe, self._seed = recipe, seed
        self._pages = {page.id: page for page in pages}
        self._known: dict[tuple[str, str], tuple[Draft, str]] = {}

    def positives(self, page: Page) -> Iterator[Query]:
        """Candidate positives of a page, best first; not yet judged, their ids empty."""
        for draft, section in mix(self._drafts[page.id], make_rng(page, self._seed, "write")):
            self._known[page.id, draft.text] = draft, section
            fact = draft.fact
            yield Query(
                "",
                page.id,
                draft.text,
                "positive",
                draft.form,
                answer=fact.answer,
                evidence=fact.evidence,
                writer=f"{WRITER} {fact.kind}",
            )

    def negatives(self, source: Query) -> list[Query]:
        """Candidate hard negatives of a positive, whoever wrote it; not yet judged, their ids empty."""
        draft, _ = self._draft(source)
        edits = candidate_edits(draft, self._pools, self._near, self._recipe, self._rng(source, "edit"))
        return [
            make_negative(source, edit.text, edit.slot.property, (edit.slot.text, edit.edited), WRITER)
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
        writer = f"{WRITER} {draft.fact.kind}"
        return [
            replace(source, id="", text=text, kind="rephrased", source_id=source.id, writer=writer) for text in texts
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

    @cached_property
    def _drafts(self) -> dict[str, list[tuple[Draft, str]]]:
        return {page.id: list(draft_page(page, self.owner, self._seed)) for page in self._pages.values()}

    @cached_property
    def _pools(self) -> Pools:
        return Pools(draft for drafts in self._drafts.values() for draft, _ in drafts)

    @cached_property
    def _near(self) -> NearWords:
        return NearWords(page.text for page in self._pages.values())

    def _draft(self, source: Query) -> tuple[Draft, str]:
        """The draft that a positive came from, or one made of its text."""
        fact = Fact("written", source.answer, source.evidence, {})
        made = Draft(source.text, source.form, fact, tuple(find_slots(source.text, {})))
        return self._known.get((source.page_id, source.text), (made, ""))

    def _rng(self, source: Query, purpose: str) -> random.Random:
        return make_rng(self._pages[source.page_id], self._seed, f"{purpose}|{source.text}")


def draft_page(page: Page, owner: str, seed: int) -> Iterator[tuple[Draft, str]]:
    """Phrase the page's facts; of very many, a seeded sample of each kind."""
    rng = make_rng(page, seed, "draft")
    for fact, section in _sample(list(read_facts(page, owner)), rng):
        if (draft := phrase(fact, owner, section, rng)) is not None:
            yield draft, section


def _sample(facts: list[tuple[Fact, str]], rng: random.Random) -> list[tuple[Fact, str]]:
    return (
        facts if len(facts) <= MAX_DRAFTS else [facts[at] for at in sorted(rng.sample(range(len(facts)), MAX_DRAFTS))]
    )


def mix(drafts: list[tuple[Draft, str]], rng: random.Random) -> Iterator[tuple[Draft, str]]:
    """The drafts in random order, their kinds taken in turn; what only names a topic comes last."""
    by_kind: dict[str, list[tuple[Draft, str]]] = defaultdict(list)
    for draft in rng.sample(drafts, len(drafts)):
        by_kind[draft[0].fact.kind].append(draft)
    kinds = sorted(by_kind, key=lambda kind: kind in _GENERAL)
    rounds = itertools.zip_longest(*(by_kind[kind] for kind in kinds if kind not in _GENERAL))
    specific = (draft for each in rounds for draft in each if draft is not None)
    return itertools.chain(specific, (draft for kind in kinds if kind in _GENERAL for draft in by_kind[kind]))


def make_rng(page: Page, seed: int, purpose: str) -> random.Random:
    return random.Random(hashlib.sha256(f"{seed}|{purpose}|{page.id}".encode()).digest())


def make_negative(source: Query, text: str, name: str, edit: tuple[str, str], writer: str) -> Query:
    """A hard negative of a positive: its text, the property and the words (before, after) of its edit."""
    return replace(
        source,
        id="",
        text=text,
        kind="hard_negative",
        source_id=source.id,
        answer="",
        property=name,
        original=edit[0],
        edited=edit[1],
        location="",
        writer=writer,
    )


def find_edit(original: str, edited: str) -> tuple[str, str]:
    """The words of two queries from their first to their last difference.

    Examples:
        >>> find_edit("net sales in 2019 of Acme", "net sales in 2018 of Acme")
        ('2019', '2018')
    """
    before, after = original.split(), edited.split()
    blocks = difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    changes = [block for block in blocks if block[0] != "equal"]
    if not changes:
        return "", ""
    return " ".join(before[changes[0][1] : changes[-1][2]]), " ".join(after[changes[0][3] : changes[-1][4]])
