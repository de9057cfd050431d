"""The stages of one page: positives, gates, verdicts, hard negatives, rephrasings; each by a model or by rules."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from docrerank.generation.choice import choose_negatives
from docrerank.generation.desk import CallFailed, Desk
from docrerank.generation.judging import Judge
from docrerank.generation.language import find_language, is_other_language
from docrerank.generation.negatives import write_negatives
from docrerank.generation.origin import find_bare
from docrerank.generation.page_view import Viewer
from docrerank.generation.positives import write_positives
from docrerank.generation.rephrasings import write_rephrasings
from docrerank.queries import NearDuplicates, Rules, fault
from docrerank.recipe import Generate
from docrerank.records import Page, Query, Rejected, UserError, Verdict
from docrerank.words import similarity, terms

#: A negative that differs in more words, or shares less of them, tells topics apart and not facts.
MAX_EDITED_WORDS, MIN_SIMILARITY = 8, 0.3


@dataclass(slots=True)
class PageWork:
    """What came of a page; `passing` counts the calls that another run may see answered.

    Attributes:
        queries: kept, every positive followed by its hard negatives and rephrasings.
        verdicts: on the queries kept.
        rejected: everything else with its reason.
    """

    queries: list[Query] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    passing: int = 0

    def reject(self, subject: str, reason: str, page_id: str, detail: str = "") -> None:
        """Keep why something was left out."""
        self.rejected.append(Rejected("generate", subject, reason, detail, page_id))

    def fail(self, subject: str, failed: CallFailed, page_id: str) -> None:
        """Keep that a model gave no usable answer."""
        self.passing += failed.passing
        self.reject(subject, failed.reason, page_id, failed.detail)


@dataclass(frozen=True, slots=True)
class Material:
    """What is the same for all pages of a document.

    Attributes:
        recipe: the section `generate`.
        desks: of the roles that models do.
        rules: for the others.
        viewer: draws pages.
        subject: company and period, or title, of the document; empty if unknown.
        strip: written over the page's image; empty for none.
        given: an imported set's queries by page id, whose positives are the start; None if positives are written.
    """

    recipe: Generate
    desks: Mapping[str, Desk]
    rules: Rules
    viewer: Viewer
    subject: str
    strip: str
    given: Mapping[str, Sequence[Query]] | None = None


async def write_page(page: Page, material: Material) -> PageWork:
    """Write and verify the queries of one page; a fault of a model or of the page is kept as a reason.

    Raises:
        UserError: an endpoint is gone, the budget is reached: nothing else would work either.
    """
    work = PageWork()
    try:
        await _PageWriter(page, material, work).run()
    except CallFailed as failed:
        work.fail(page.id, failed, page.id)
    return work


class _PageWriter:
    def __init__(self, page: Page, material: Material, work: PageWork) -> None:
        self.page, self.material, self.work = page, material, work
        self.recipe, self.desks, self.rules = material.recipe, material.desks, material.rules
        self.language = find_language(page.text)
        self.seen = NearDuplicates(self.recipe.near_duplicate)

    async def run(self) -> None:
        try:
            candidates = await self._write_positives()
            judge = await self._seat_judge() if candidates else None
        except UserError as error:
            if "cannot be drawn" not in str(error) and "is gone" not in str(error):
                raise
            self.work.reject(self.page.id, "page cannot be drawn", self.page.id, str(error))
            return
        kept = 0
        for query in candidates:
            if judge is None or (self.material.given is None and kept == self.recipe.positives_per_page):
                break
            kept += await self._try_positive(replace(query, id=query.id or f"{self.page.id}#{kept + 1}"), judge)

    async def _write_positives(self) -> list[Query]:
        if self.material.given is not None:
            return self._take_given(self.material.given.get(self.page.id, ()))
        desk = self.desks.get("positive_writer")
        if desk is None:
            queries, reason = list(self.rules.positives(self.page)), ""
        elif desk.role.sees == "text" and not self.page.text.strip():
            queries, reason = [], "the page has no text"
        else:
            view = await self.material.viewer.show(self.page, desk.role, self.material.strip)
            count = self.recipe.positive_candidates or 2 * self.recipe.positives_per_page
            queries, reason = await write_positives(desk, view, self.page, count, self.material.subject)
        if not queries:
            self.work.reject(self.page.id, "nothing to ask", self.page.id, reason)
        return queries

    def _take_given(self, queries: Sequence[Query]) -> list[Query]:
        """Keep what came complete, as it came; the positives without hard negatives are the candidates."""
        bare = {query.id: query for query in find_bare(queries)}
        kept = [query for query in queries if query.id not in bare and query.source_id not in bare]
        self.work.queries += kept
        for query in kept:
            if query.kind == "positive":
                self.seen.add(query.text)
        return list(bare.values())

    async def _seat_judge(self) -> Judge:
        desk = self.desks.get("judge")
        if desk is None:
            return Judge(None, self.rules)
        return Judge(desk, self.rules, await self.material.viewer.show(self.page, desk.role, self.material.strip))

    async def _try_positive(self, query: Query, judge: Judge) -> bool:
        """Keep a positive with its negatives and rephrasings, or keep the reason why not."""
        reason, detail = self._find_fault(query, query.answer)
        if not reason and (repeated := self.seen.add(query.text)):
            reason, detail = "near-duplicate", repeated
        try:
            verdicts, passed = ([], False) if reason else await judge.verify(query, True)
            if not reason and not passed:
                reason, detail = "not answered by its page", verdicts[-1].reason
            if not reason and self.recipe.answer_check and (detail := await judge.answers_alike(query)):
                reason = "answered otherwise"
            negatives = [] if reason else await self._find_negatives(query, judge)
        except CallFailed as failed:
            self.work.fail(query.text, failed, self.page.id)
            return False
        if not reason and len(negatives) < self.recipe.min_negatives:
            reason, detail = "too few verified negatives", str(len(negatives))
        if reason:
            self.work.reject(query.text, reason, self.page.id, detail)
            return False
        self._keep(replace(query, answered_by=self.rules.answering(query)), verdicts)
        for serial, (negative, own) in enumerate(negatives, 1):
            named = replace(negative, id=f"{query.id}/n{serial}", source_id=query.id)
            self._keep(replace(named, answered_by=self.rules.answering(named)), own)
        await self._keep_rephrasings(query, judge)
        return True

    async def _find_negatives(self, source: Query, judge: Judge) -> list[tuple[Query, list[Verdict]]]:
        desk = self.desks.get("negative_writer")
        candidates = await write_negatives(desk, source, self.recipe) if desk else self.rules.negatives(source)
        passed: dict[Query, list[Verdict]] = {}
        sound = [query for query in candidates if self._is_sound_negative(query, source)]
        if not self.recipe.verify_negatives:
            return [(query, []) for query in choose_negatives(source, sound, self.recipe.negatives_per_positive)]
        for query, verdicts in zip(sound, await self._verify_all(sound, judge), strict=True):
            if verdicts:
                passed[query] = verdicts
        kept = choose_negatives(source, list(passed), self.recipe.negatives_per_positive)
        return [(query, passed[query]) for query in kept]

    def _is_sound_negative(self, query: Query, source: Query) -> bool:
        reason, detail = self._find_fault(query, "")
        if not reason and query.text.lower().strip("?. ") == source.text.lower().strip("?. "):
            reason, detail = "same as its positive", ""
        if not reason and _is_far(query, source):
            reason, detail = "too far from its positive", f"edit of '{source.text}'"
        if reason:
            self.work.reject(query.text, reason, self.page.id, detail or f"edit of '{source.text}'")
        return not reason

    async def _verify_all(self, queries: Sequence[Query], judge: Judge) -> list[list[Verdict]]:
        """Verdicts on each query, nothing for those that do not pass; all are asked at once."""
        found = await asyncio.gather(*(self._verify_one(query, judge) for query in queries))
        for query, (verdicts, ground) in zip(queries, found, strict=True):
            if not verdicts and ground:
                answered = query.kind == "hard_negative"
                reason = "negative answered by its page" if answered else "rephrasing not answered by its page"
                self.work.reject(query.text, reason, self.page.id, ground)
        return [verdicts for verdicts, _ in found]

    async def _verify_one(self, query: Query, judge: Judge) -> tuple[list[Verdict], str]:
        try:
            verdicts, passed = await judge.verify(query, query.kind != "hard_negative")
        except CallFailed as failed:
            self.work.fail(query.text, failed, self.page.id)
            return [], ""
        return (verdicts, "") if passed else ([], verdicts[-1].reason or "no ground given")

    async def _keep_rephrasings(self, source: Query, judge: Judge) -> None:
        wanted = self.recipe.rephrasings_per_positive
        desk = self.desks.get("rephraser")
        try:
            written = await write_rephrasings(desk, source) if desk and wanted else []
        except CallFailed as failed:
            self.work.fail(source.text, failed, self.page.id)
            return
        written = written if desk or not wanted else self.rules.rephrasings(source)
        sound = [query for query in written if self._is_sound_rephrasing(query, source)][:wanted]
        numbered = [replace(query, id=f"{source.id}/r{serial}") for serial, query in enumerate(sound, 1)]
        for query, verdicts in zip(numbered, await self._verify_all(numbered, judge), strict=True):
            if verdicts:
                self._keep(query, verdicts)

    def _is_sound_rephrasing(self, query: Query, source: Query) -> bool:
        reason, detail = self._find_fault(query, source.answer)
        if not reason and _numbers(query.text) != _numbers(source.text):
            reason, detail = "rephrasing changes a number", f"rephrasing of '{source.text}'"
        if reason:
            self.work.reject(query.text, reason, self.page.id, detail or f"rephrasing of '{source.text}'")
        return not reason

    def _find_fault(self, query: Query, answer: str) -> tuple[str, str]:
        if reason := fault(query.text, answer, any_script=True):
            return reason, answer
        other = is_other_language(query.text, self.language)
        return ("other language than its page", self.language) if other else ("", "")

    def _keep(self, query: Query, verdicts: Sequence[Verdict]) -> None:
        self.work.queries.append(query)
        self.work.verdicts.extend(replace(verdict, query_id=query.id) for verdict in verdicts)


def _is_far(query: Query, source: Query) -> bool:
    changed = max(len(query.edited.split()), len(query.original.split()))
    return changed > MAX_EDITED_WORDS or similarity(query.text, source.text) < MIN_SIMILARITY


def _numbers(text: str) -> set[str]:
    return {term for term in terms(text) if term[0].isdigit()}
