"""From people's judgements to rates: how many hard negatives are answerable after all."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from docrerank.records import Query
from docrerank.report.audit.journal import Judgement, list_journals
from docrerank.report.audit.sample import item_id
from docrerank.report.audit.summary import AuditSummary, Rate
from docrerank.runs import Run


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
    negatives = [(queries[item].property, yes) for item, yes in decided.items() if _is_negative(queries[item])]
    positives = [yes for item, yes in decided.items() if not _is_negative(queries[item])]
    by_property: dict[str, list[bool]] = defaultdict(list)
    for name, yes in negatives:
        by_property[name].append(yes)
    several = [own for own in (_votes(own) for own in judged.values()) if sum(own) > 1]
    return AuditSummary(
        seed,
        auditors,
        len(decided),
        len(judged) - len(decided),
        Rate.of_cases(sum(yes for _, yes in negatives), len(negatives)),
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


def _is_negative(query: Query) -> bool:
    return query.kind == "hard_negative"


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
