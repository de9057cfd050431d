"""What people's judgements say: how many hard negatives are answerable after all, and how far people agree."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import TypeAdapter

from docrerank.evaluation.statistics import estimate_share
from docrerank.records import Query, UserError, one_line
from docrerank.report.audit.judgements import Judgement, list_journals
from docrerank.report.audit.sample import item_id
from docrerank.runs import Run, write_text

FILE = "audit.json"


@dataclass(frozen=True, slots=True)
class Rate:
    """Cases of a number of trials, with the 95 % Wilson interval of their share.

    Examples:
        >>> rate = Rate.of_cases(8, 100)
        >>> round(rate.low, 3), round(rate.high, 3)
        (0.041, 0.15)
    """

    cases: int
    of: int
    low: float
    high: float

    @classmethod
    def of_cases(cls, cases: int, of: int) -> Rate:
        """The rate of so many cases; without trials the interval is 0 to 1."""
        if not of:
            return cls(0, 0, 0.0, 1.0)
        interval = estimate_share(cases, of)
        return cls(cases, of, interval.low, interval.high)

    @property
    def share(self) -> float:
        """Cases by trials; 0 without trials."""
        return self.cases / self.of if self.of else 0.0

    def __str__(self) -> str:
        share = f" = {self.share:.1%} [{self.low:.1%}, {self.high:.1%}]" if self.of else ""
        return f"{self.cases} of {self.of}{share}"


@dataclass(frozen=True, slots=True)
class AuditSummary:
    """The result of an audit.

    Attributes:
        seed: of the sample.
        auditors: who judged.
        judged: queries that at least one person decided.
        unclear: queries that people judged and none could decide.
        false_negatives: hard negatives that people find answered by their page.
        false_positives: positives and rephrasings that people find not answered by it.
        by_property: the false negatives of each edited property.
        agreement: Fleiss' kappa over the queries that several people decided; None if there are none.
        agreed: share of those on which all decided alike; None likewise.
    """

    seed: int
    auditors: tuple[str, ...]
    judged: int
    unclear: int
    false_negatives: Rate
    false_positives: Rate
    by_property: Mapping[str, Rate]
    agreement: float | None = None
    agreed: float | None = None

    def write(self, run_folder: Path) -> None:
        """Put it into RUN/audit.json."""
        write_text(run_folder / FILE, json.dumps(asdict(self), indent=2) + "\n")


def summarise(run: Run, seed: int) -> tuple[AuditSummary, int]:
    """Sum up everyone's judgements on the queries that the run holds now, and write RUN/audit.json.

    Returns:
        the summary, and how many judged items are no longer in the run.
    """
    journals = {journal.auditor: journal.read() for journal in list_journals(run)}
    queries = {item_id(query): query for query in run.queries.read()}
    judged: dict[str, list[Judgement]] = defaultdict(list)
    for own in journals.values():
        for item, judgement in own.items():
            judged[item].append(judgement)
    stale = sum(item not in queries for item in judged)
    current = {item: own for item, own in judged.items() if item in queries}
    auditors = tuple(name for name, own in journals.items() if own)
    summary = _sum_up(seed, auditors, queries, current)
    if judged:
        summary.write(run.path)
    return summary, stale


def _sum_up(
    seed: int, auditors: tuple[str, ...], queries: Mapping[str, Query], judged: Mapping[str, Sequence[Judgement]]
) -> AuditSummary:
    decided = {item: verdict for item, own in judged.items() if (verdict := _decide(own)) is not None}
    positives, by_property = list[bool](), defaultdict[str, list[bool]](list)
    for item, yes in decided.items():
        query = queries[item]
        (by_property[query.property] if query.kind == "hard_negative" else positives).append(yes)
    negatives = [yes for own in by_property.values() for yes in own]
    several = [own for own in (_votes(own) for own in judged.values()) if sum(own) > 1]
    return AuditSummary(
        seed,
        auditors,
        len(decided),
        len(judged) - len(decided),
        Rate.of_cases(sum(negatives), len(negatives)),
        Rate.of_cases(sum(not yes for yes in positives), len(positives)),
        {name: Rate.of_cases(sum(own), len(own)) for name, own in sorted(by_property.items())},
        fleiss_kappa(several),
        sum(0 in own for own in several) / len(several) if several else None,
    )


def _decide(judgements: Sequence[Judgement]) -> bool | None:
    """Answerable or not, by most of those who decided; None if nobody did or they are even."""
    yes, no = _votes(judgements)
    return None if yes == no else yes > no


def _votes(judgements: Sequence[Judgement]) -> tuple[int, int]:
    counts = Counter(judgements)
    return counts["answerable"], counts["not"]


def fleiss_kappa(votes: Sequence[tuple[int, int]]) -> float | None:
    """Agreement beyond chance between any number of people on yes or no (Fleiss 1971).

    Args:
        votes: for each item how many said yes and how many no; at least two together.

    Returns:
        1 for full agreement, 0 for none beyond chance; None without items, 1 if all said the same everywhere.

    Examples:
        >>> fleiss_kappa([(2, 0), (0, 2), (1, 1)])
        0.3333
    """
    if not votes:
        return None
    total = sum(yes + no for yes, no in votes)
    share = sum(yes for yes, _ in votes) / total
    observed = sum((yes * (yes - 1) + no * (no - 1)) / ((yes + no) * (yes + no - 1)) for yes, no in votes) / len(votes)
    chance = share**2 + (1 - share) ** 2
    return 1.0 if chance >= 1 else round((observed - chance) / (1 - chance), 4)


def describe_summary(summary: AuditSummary, stale: int) -> Iterator[str]:
    """Say in lines what people found; stale judgements are of queries that the run no longer holds."""
    yield f"judged {summary.judged} by {len(summary.auditors)} people, {summary.unclear} unclear or even"
    yield f"false negatives (hard negatives that the page answers): {summary.false_negatives}"
    for name, rate in summary.by_property.items():
        yield f"  {name or 'property unknown'}: {rate}"
    yield f"false positives (positives that it does not answer): {summary.false_positives}"
    if summary.agreement is not None and summary.agreed is not None:
        agreed = f"{summary.agreed:.0%} of those that several judged"
        yield f"agreement: {agreed}, Fleiss' kappa {summary.agreement:.2f}"
    if stale:
        yield f"{stale} judgements are of queries that the run no longer holds; they do not count"


def read_summary(run_folder: Path) -> AuditSummary | None:
    """The summary in RUN/audit.json; None if nobody has audited the run.

    Raises:
        UserError: the file is damaged.
    """
    path = run_folder / FILE
    if not path.is_file():
        return None
    try:
        return TypeAdapter(AuditSummary).validate_json(path.read_bytes())
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read ({one_line(error)}): audit again with --result") from None
