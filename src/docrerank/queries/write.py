"""Writes the queries of a document without a model: facts, phrasings, edits, verdicts, gates."""

from __future__ import annotations

import hashlib
import itertools
import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from docrerank.queries.duplicates import NearDuplicates
from docrerank.queries.edits import Edit, candidate_edits, choose
from docrerank.queries.facts import Fact
from docrerank.queries.gates import fault
from docrerank.queries.index import DocumentIndex, PageIndex
from docrerank.queries.judge import agree, judge_negative, judge_positive
from docrerank.queries.owner import find_owner
from docrerank.queries.phrasing import Draft, phrase
from docrerank.queries.pools import Pools
from docrerank.queries.reading import read_facts
from docrerank.queries.rephrase import rephrase
from docrerank.recipe import Generate
from docrerank.records import Page, Query, Rejected, Verdict

WRITER = "rules/3"

#: Facts of a page that are asked about at most; a page of dense tables states thousands.
MAX_DRAFTS = 80
#: Kinds of fact that name a topic and state nothing: asked about where a page has nothing better.
_GENERAL = ("caption", "topic", "points")
#: A positive that more other pages answer tells no page from another.
MAX_ANSWERING = 3


@dataclass(slots=True)
class Written:
    """What came of a document: queries, every verdict given, and what was left out with its reason."""

    queries: list[Query] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)

    def reject(self, text: str, reason: str, page_id: str, detail: str = "") -> None:
        """Keep the reason why a query (or a whole page) was left out."""
        self.rejected.append(Rejected("generate", text, reason, detail, page_id))


def write_document(pages: Sequence[Page], recipe: Generate, seed: int) -> Written:
    """Write positives, rephrasings and hard negatives for every page of one document.

    Args:
        pages: all pages of the document, in order.
        recipe: how many of each.
        seed: with a page's id it decides all choices on that page, whatever else is in the run.

    Example:
        >>> write_document([], Generate(), seed=13).queries
        []
    """
    owner = find_owner(pages)
    drafts = {page.id: list(draft_page(page, owner, seed)) for page in pages}
    pools = Pools(draft for page in pages for draft, _ in drafts[page.id])
    writer = _Writer(owner, pools, DocumentIndex(pages), recipe, NearDuplicates(recipe.near_duplicate))
    for page in pages:
        writer.write_page(page, drafts[page.id], make_rng(page, seed, "write"))
    return writer.written


@dataclass(slots=True)
class _Writer:
    owner: str
    pools: Pools
    index: DocumentIndex
    recipe: Generate
    seen: NearDuplicates
    written: Written = field(default_factory=Written)
    edited: Counter[str] = field(default_factory=Counter)

    def write_page(self, page: Page, drafts: list[tuple[Draft, str]], rng: random.Random) -> None:
        if not drafts:
            reason = "nothing to ask" if page.text.strip() else "no text"
            self.written.reject(page.id, reason, page.id)
        kept = 0
        for draft, section in mix(drafts, rng):
            if kept == self.recipe.positives_per_page:
                break
            kept += self._write_positive(page.id, f"{page.id}#{kept + 1}", draft, section, rng)

    def _write_positive(self, page_id: str, query_id: str, draft: Draft, section: str, rng: random.Random) -> bool:
        """Keep a positive with its negatives and rephrasings, or keep the reason why not."""
        index = self.index.pages[page_id]
        query = make_positive(query_id, page_id, draft)
        verdicts = judge_positive(query, index, self.owner)
        others = self.index.answering(query.text, self.owner, page_id)
        reason, detail = self._positive_fault(query, verdicts, others)
        negatives = [] if reason else self._negatives(query, draft, index, rng)
        if not reason and len(negatives) < self.recipe.min_negatives:
            reason, detail = "too few verified negatives", str(len(negatives))
        if reason:
            self.written.reject(query.text, reason, page_id, detail)
            return False
        self.written.queries.append(replace(query, answered_by=others))
        self.written.verdicts.extend(verdicts)
        self._keep_negatives(negatives)
        self._keep_rephrasings(query, draft, section, index, rng)
        return True

    def _positive_fault(
        self, query: Query, verdicts: tuple[Verdict, Verdict], others: tuple[str, ...]
    ) -> tuple[str, str]:
        if reason := fault(query.text, query.answer):
            return reason, query.answer
        if not agree(verdicts, True):
            return "not answered by its page", "; ".join(v.reason for v in verdicts if not v.answerable)
        if len(others) > MAX_ANSWERING:
            return "answered by many pages", ", ".join(others[:5])
        repeated = self.seen.add(query.text)
        return ("near-duplicate", repeated) if repeated else ("", "")

    def _negatives(
        self, source: Query, draft: Draft, index: PageIndex, rng: random.Random
    ) -> list[tuple[Query, tuple[Verdict, Verdict]]]:
        """The verified negatives of a positive that the recipe keeps."""
        passed: dict[Edit, tuple[Verdict, Verdict]] = {}
        for edit in candidate_edits(draft, self.pools, self.recipe, rng):
            query = _negative(source, edit, 0)
            verdicts = judge_negative(query, index, self.owner)
            if reason := fault(edit.text, ""):
                self.written.reject(edit.text, reason, source.page_id, f"edit of '{source.text}'")
            elif self.recipe.verify_negatives and not agree(verdicts, False):
                detail = "; ".join(verdict.reason for verdict in verdicts if verdict.answerable)
                self.written.reject(edit.text, "negative answered by its page", source.page_id, detail)
            else:
                passed[edit] = verdicts
        kept = choose(list(passed), self.recipe.negatives_per_positive, self.edited)
        return [_numbered(source, edit, serial, passed[edit]) for serial, edit in enumerate(kept, 1)]

    def _keep_negatives(self, negatives: list[tuple[Query, tuple[Verdict, Verdict]]]) -> None:
        for query, verdicts in negatives:
            self.edited[query.property] += 1
            others = self.index.answering(query.text, self.owner, query.page_id)
            self.written.queries.append(replace(query, answered_by=others))
            self.written.verdicts.extend(verdicts)

    def _keep_rephrasings(
        self, source: Query, draft: Draft, section: str, index: PageIndex, rng: random.Random
    ) -> None:
        texts = rephrase(draft, self.owner, section, rng)[: self.recipe.rephrasings_per_positive]
        for serial, text in enumerate(texts, 1):
            query = replace(source, id=f"{source.id}/r{serial}", text=text, kind="rephrased", source_id=source.id)
            verdicts = judge_positive(query, index, self.owner)
            if reason := fault(text, query.answer):
                self.written.reject(text, reason, query.page_id, f"rephrasing of '{source.text}'")
            elif agree(verdicts, True):
                self.written.queries.append(query)
                self.written.verdicts.extend(verdicts)
            else:
                self.written.reject(text, "rephrasing not answered by its page", query.page_id)


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


def make_positive(query_id: str, page_id: str, draft: Draft) -> Query:
    fact = draft.fact
    return Query(
        query_id,
        page_id,
        draft.text,
        "positive",
        draft.form,
        answer=fact.answer,
        evidence=fact.evidence,
        writer=f"{WRITER} {fact.kind}",
    )


def _negative(source: Query, edit: Edit, serial: int) -> Query:
    return Query(
        f"{source.id}/n{serial}",
        source.page_id,
        edit.text,
        "hard_negative",
        source.form,
        source_id=source.id,
        property=edit.slot.property,
        original=edit.slot.text,
        edited=edit.edited,
        evidence=source.evidence,
        writer=source.writer,
    )


def _numbered(
    source: Query, edit: Edit, serial: int, verdicts: tuple[Verdict, Verdict]
) -> tuple[Query, tuple[Verdict, Verdict]]:
    query = _negative(source, edit, serial)
    return query, (replace(verdicts[0], query_id=query.id), replace(verdicts[1], query_id=query.id))


def make_rng(page: Page, seed: int, purpose: str) -> random.Random:
    return random.Random(hashlib.sha256(f"{seed}|{purpose}|{page.id}".encode()).digest())
