"""The judge: does this page answer this query? Two wordings (paper, section 2), and a gate that compares answers."""

from __future__ import annotations

from dataclasses import dataclass

from docrerank.generation.clients import RoleClient, View
from docrerank.generation.model_answers import Judgement, PageAnswer
from docrerank.generation.prompt_files import load_prompt
from docrerank.queries import Rules
from docrerank.records import Query, Verdict
from docrerank.retrieval import terms

WORDINGS = ("stated", "derivable")
#: Numbers are the same answer within this share of each other: models round.
ROUNDING = 0.005
MIN_OVERLAP = 0.5


@dataclass(frozen=True, slots=True)
class Judge:
    """Judges queries against one page, by a model or by rules.

    Attributes:
        client: of the role `judge`; None for rules.
        rules: of the document.
        view: the page as the model sees it.
    """

    client: RoleClient | None
    rules: Rules
    view: View = ()

    async def verify(self, query: Query, answerable: bool) -> tuple[list[Verdict], bool]:
        """Verdicts on a query, and whether all say what they must.

        A second wording is only asked if the first has not decided: a positive needs both yes, a negative both no.
        Verdicts carry an empty query id, which is known once the query is kept.
        """
        if self.client is None:
            verdicts = list(self.rules.judge(query))
            return verdicts, all(verdict.answerable == answerable for verdict in verdicts)
        asked: list[Verdict] = []
        for wording in WORDINGS:
            asked.append(await self._ask(self.client, query, wording))
            if asked[-1].answerable != answerable:
                return asked, False
        return asked, True

    def look(self, query: Query) -> list[Verdict]:
        """What the judge says of a query that is kept whatever it says: nothing if a model would have to be paid."""
        return [] if self.client else list(self.rules.judge(query))

    async def answers_alike(self, query: Query) -> str:
        """Why the judge's own answer from the page is not the writer's; empty if it is, or if rules judge."""
        if self.client is None:
            return ""
        prompt = load_prompt("answer")
        answer, _ = await self.client.ask(self.view, prompt.fill(query=query.text), PageAnswer, query.page_id)
        if not answer.found:
            return "the judge finds no answer"
        return "" if same_answer(query.answer, answer.answer) else f"'{query.answer}' against '{answer.answer}'"

    async def _ask(self, client: RoleClient, query: Query, wording: str) -> Verdict:
        """One verdict; a short judge is asked for one token, whose probability is kept as a soft label."""
        short = client.role.prompt == "short"
        prompt = load_prompt(f"judge-{wording}-short" if short else f"judge-{wording}")
        text, probability = prompt.fill(query=query.text), None
        if short:
            probability, raw = await client.ask_probability(self.view, text, query.page_id)
            said, ground = probability >= 0.5, f"yes with probability {probability:.2f}"
        else:
            value, raw = await client.ask(self.view, text, Judgement, query.page_id)
            said, ground = value.answerable, " ".join(value.ground.split())
        judge = client.role.model
        return Verdict("", query.page_id, said, judge, wording, ground, prompt.id, raw[:2_000], probability)


def same_answer(one: str, other: str) -> bool:
    """Whether two short answers say the same: their numbers within rounding, else most of the shorter's words.

    Examples:
        >>> same_answer("$1,234.5 million", "1,234 million US dollars"), same_answer("Germany", "France")
        (True, False)
    """
    first, second = set(terms(one)), set(terms(other))
    numbers, others = sorted(map(float, filter(_is_number, first))), sorted(map(float, filter(_is_number, second)))
    if numbers or others:
        return len(numbers) == len(others) and all(
            abs(a - b) <= ROUNDING * max(abs(a), abs(b)) for a, b in zip(numbers, others, strict=True)
        )
    shorter = min(len(first), len(second))
    return bool(shorter) and len(first & second) >= MIN_OVERLAP * shorter


def _is_number(term: str) -> bool:
    return term.replace(".", "", 1).isdigit()
