"""One page, from its text or image to verified queries: the same stages, gates and reasons whoever does a role."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from docrerank.generation.choose_negatives import choose_negatives
from docrerank.generation.clients import CallFailed
from docrerank.generation.fingerprints import STAGE, find_bare
from docrerank.generation.judging import Judge
from docrerank.generation.language import find_language, is_other_language
from docrerank.generation.open_roles import Roles
from docrerank.pages import PageNotDrawn
from docrerank.queries import NearDuplicates, fault
from docrerank.records import Page, Query, Rejected, Verdict
from docrerank.retrieval import similarity, terms

#: A positive that more other pages of its document answer tells no page from another.
MAX_ANSWERING = 3
#: A negative that differs in more words, or shares less of them, tells topics apart and not facts.
MAX_EDITED_WORDS, MIN_SIMILARITY = 8, 0.2

#: A kept query with the verdicts on it.
Verified = tuple[Query, list[Verdict]]


@dataclass(slots=True)
class Written:
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

    def keep(self, query: Query, verdicts: Sequence[Verdict]) -> None:
        """Keep a query that has its id, and the verdicts on it."""
        self.queries.append(query)
        self.verdicts.extend(replace(verdict, query_id=query.id) for verdict in verdicts)

    def reject(self, subject: str, reason: str, page_id: str, detail: str = "") -> None:
        """Keep why something was left out."""
        self.rejected.append(Rejected(STAGE, subject, reason, detail, page_id))

    def fail(self, subject: str, failed: CallFailed, page_id: str) -> None:
        """Keep that a model gave no usable answer."""
        self.passing += failed.passing
        self.reject(subject, failed.reason, page_id, failed.detail)


class Kept:
    """What was kept before, which later queries must not repeat: of a document whose pages are written one after the
    other, or of one page where they are written side by side.

    Args:
        near_duplicate: as in the recipe.

    Attributes:
        positives: that were kept.
        edited: how often each property was edited.
    """

    def __init__(self, near_duplicate: float) -> None:
        self.positives = NearDuplicates(near_duplicate)
        self.edited: Counter[str] = Counter()


async def write_page(page: Page, roles: Roles, kept: Kept, given: Sequence[Query] | None = None) -> Written:
    """Write and verify the queries of one page; a fault of a model or of the page is kept as a reason.

    Args:
        page: the page.
        roles: who does what.
        kept: what was kept before; what is kept here is added.
        given: an imported set's queries of the page, whose positives are the start; None if positives are written.

    Raises:
        UserError: an endpoint is gone, the budget is reached: nothing else would work either.
    """
    writer = _PageWriter(page, roles, kept, given)
    try:
        await writer.run()
    except PageNotDrawn as error:
        writer.written.reject(page.id, "page cannot be drawn", page.id, str(error))
    except CallFailed as failed:
        writer.written.fail(page.id, failed, page.id)
    return writer.written


class _PageWriter:
    def __init__(self, page: Page, roles: Roles, kept: Kept, given: Sequence[Query] | None) -> None:
        self.page, self.roles, self.kept, self.given = page, roles, kept, given
        self.recipe = roles.recipe
        self.language = find_language(page.text)
        self.any_script = given is not None or "positive_writer" in roles.clients  # rules write English alone
        self.written = Written()

    async def run(self) -> None:
        candidates = await self._find_candidates()
        judge = await self.roles.seat_judge(self.page) if candidates else None
        kept = 0
        for query in candidates:
            if judge is None or (self.given is None and kept == self.recipe.positives_per_page):
                break
            kept += await self._try_positive(replace(query, id=query.id or f"{self.page.id}#{kept + 1}"), judge)

    async def _find_candidates(self) -> list[Query]:
        if self.given is not None:
            return self._take_given(self.given)
        queries, detail = await self.roles.write_positives(self.page)
        if not queries:
            blind = self.roles.reads_text and not self.page.text.strip()
            self.written.reject(self.page.id, "no text" if blind else "nothing to ask", self.page.id, detail)
        return queries

    def _take_given(self, queries: Sequence[Query]) -> list[Query]:
        """Keep what came complete, as it came; the positives without hard negatives are the candidates."""
        bare = {query.id: query for query in find_bare(queries)}
        for query in queries:
            if query.id not in bare and query.source_id not in bare:
                self.written.keep(query, [])
                if query.kind == "positive":
                    self.kept.positives.add(query.text)
        return list(bare.values())

    async def _try_positive(self, query: Query, judge: Judge) -> bool:
        """Keep a positive with its negatives and rephrasings, or keep the reason why not."""
        negatives: list[Verified] = []
        try:
            reason, detail, verdicts = await self._check_positive(query, judge)
            if not reason:
                negatives = await self._find_negatives(query, judge)
        except CallFailed as failed:
            self.written.fail(query.text, failed, self.page.id)
            return False
        if not reason and len(negatives) < self.recipe.min_negatives:
            reason, detail = "too few verified negatives", str(len(negatives))
        if reason:
            self.written.reject(query.text, reason, self.page.id, detail)
            return False
        self.kept.positives.add(query.text)
        self._keep(query, verdicts)
        for serial, (negative, own) in enumerate(negatives, 1):
            self.kept.edited[negative.property] += 1
            self._keep(replace(negative, id=f"{query.id}/n{serial}", source_id=query.id), own)
        await self._keep_rephrasings(query, judge)
        return True

    async def _check_positive(self, query: Query, judge: Judge) -> tuple[str, str, list[Verdict]]:
        """Why a positive is not kept (reason, detail; empty if it may be), and the verdicts; the judge comes last."""
        reason, detail = self._find_fault(query, query.answer)
        if reason:
            return reason, detail, []
        if repeated := self.kept.positives.find(query.text):
            return "near-duplicate", repeated, []
        if len(others := self.roles.rules.answering(query)) > MAX_ANSWERING:
            return "answered by many pages", ", ".join(others[:5]), []
        verdicts, passed = await judge.verify(query, True)
        if not passed:
            return "not answered by its page", _tell(verdicts, False), []
        if self.recipe.answer_check and (detail := await judge.answers_alike(query)):
            return "answered otherwise", detail, []
        return "", "", verdicts

    async def _find_negatives(self, source: Query, judge: Judge) -> list[Verified]:
        """The hard negatives of a positive that are kept; unverified ones carry what rules say of them."""
        written = await self.roles.write_negatives(source)
        sound = [query for query in written if self._is_sound_negative(query, source)]
        count, edited = self.recipe.negatives_per_positive, self.kept.edited
        if not self.recipe.verify_negatives:
            return [(query, judge.look(query)) for query in choose_negatives(source, sound, count, edited)]
        passed = dict(await self._verify_all(sound, judge))
        return [(query, passed[query]) for query in choose_negatives(source, list(passed), count, edited)]

    async def _keep_rephrasings(self, source: Query, judge: Judge) -> None:
        wanted = self.recipe.rephrasings_per_positive
        try:
            written = await self.roles.write_rephrasings(source) if wanted else []
        except CallFailed as failed:
            self.written.fail(source.text, failed, self.page.id)
            return
        sound = [query for query in written if self._is_sound_rephrasing(query, source)][:wanted]
        numbered = [replace(query, id=f"{source.id}/r{serial}") for serial, query in enumerate(sound, 1)]
        for query, verdicts in await self._verify_all(numbered, judge):
            self.written.keep(query, verdicts)

    async def _verify_all(self, queries: Sequence[Query], judge: Judge) -> list[Verified]:
        """The hard negatives or rephrasings that pass, with their verdicts; all are asked at once."""
        found = await asyncio.gather(*(self._verify(query, judge) for query in queries))
        return [(query, verdicts) for query, verdicts in zip(queries, found, strict=True) if verdicts]

    async def _verify(self, query: Query, judge: Judge) -> list[Verdict]:
        wanted = query.kind != "hard_negative"
        try:
            verdicts, passed = await judge.verify(query, wanted)
        except CallFailed as failed:
            self.written.fail(query.text, failed, self.page.id)
            return []
        if passed:
            return verdicts
        reason = "rephrasing not answered by its page" if wanted else "negative answered by its page"
        self.written.reject(query.text, reason, self.page.id, _tell(verdicts, not wanted))
        return []

    def _is_sound_negative(self, query: Query, source: Query) -> bool:
        reason, detail = self._find_fault(query, "")
        if not reason and query.text.lower().strip("?. ") == source.text.lower().strip("?. "):
            reason = "same as its positive"
        if not reason and _is_far(query, source):
            reason = "too far from its positive"
        return self._passes(query, reason, detail or f"edit of '{source.text}'")

    def _is_sound_rephrasing(self, query: Query, source: Query) -> bool:
        reason, detail = self._find_fault(query, source.answer)
        if not reason and _numbers(query.text) != _numbers(source.text):
            reason = "rephrasing changes a number"
        return self._passes(query, reason, detail or f"rephrasing of '{source.text}'")

    def _passes(self, query: Query, reason: str, detail: str) -> bool:
        if reason:
            self.written.reject(query.text, reason, self.page.id, detail)
        return not reason

    def _find_fault(self, query: Query, answer: str) -> tuple[str, str]:
        """Why no judge needs to be asked: reason and detail."""
        if reason := fault(query.text, answer, self.any_script):
            return reason, answer
        other = is_other_language(query.text, self.language)
        return ("other language than its page", self.language) if other else ("", "")

    def _keep(self, query: Query, verdicts: Sequence[Verdict]) -> None:
        """Keep a positive or a hard negative, with the pages of its document that answer it too."""
        self.written.keep(replace(query, answered_by=self.roles.rules.answering(query)), verdicts)


def _tell(verdicts: Sequence[Verdict], answerable: bool) -> str:
    """The grounds of the verdicts that decided."""
    grounds = (verdict.reason for verdict in verdicts if verdict.answerable == answerable)
    return "; ".join(grounds) or "no ground given"


def _is_far(query: Query, source: Query) -> bool:
    changed = max(len(query.edited.split()), len(query.original.split()))
    return changed > MAX_EDITED_WORDS or similarity(query.text, source.text) < MIN_SIMILARITY


def _numbers(text: str) -> set[str]:
    return {term for term in terms(text) if term[0].isdigit()}
