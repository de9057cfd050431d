"""What a run's training set is made of, counted for its card."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from docrerank.runs import Run

#: Stages whose rejected rows are told.
STAGES = ("ingest", "import", "generate")


@dataclass(slots=True)
class Survey:
    """Counts over a whole run.

    Attributes:
        documents: name to (pages, sha256 of the file).
        kinds, properties, forms, levels: of the queries; properties of hard negatives, levels of rephrasings.
        writers: who wrote queries, as their records say.
        judges: (judge, wording, prompt) of the verdicts, and how many each gave.
        rejected: stage to reasons.
        answered: hard negatives that are a positive for another page.
    """

    documents: dict[str, tuple[int, str]] = field(default_factory=dict)
    kinds: Counter[str] = field(default_factory=Counter)
    properties: Counter[str] = field(default_factory=Counter)
    forms: Counter[str] = field(default_factory=Counter)
    levels: Counter[int] = field(default_factory=Counter)
    writers: Counter[str] = field(default_factory=Counter)
    judges: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    rejected: dict[str, Counter[str]] = field(default_factory=dict)
    answered: int = 0

    @property
    def pages(self) -> int:
        """Pages of all documents."""
        return sum(pages for pages, _ in self.documents.values())


def survey_run(run: Run) -> Survey:
    """Count a run's pages, queries, verdicts and rejected rows, column by column or one at a time."""
    survey = Survey()
    for document, digest in zip(run.pages.column("document"), run.pages.column("sha256"), strict=True):
        pages, first = survey.documents.get(document, (0, digest))
        survey.documents[document] = (pages + 1, first)
    for query in run.queries.read():
        survey.kinds[query.kind] += 1
        survey.forms[query.form] += 1
        survey.writers[query.writer] += 1
        survey.levels[query.level] += query.kind == "rephrased"
        survey.properties[query.property] += query.kind == "hard_negative"
        survey.answered += query.kind == "hard_negative" and bool(query.answered_by)
    columns = (run.verdicts.column(name) for name in ("judge", "wording", "prompt"))
    survey.judges.update(zip(*columns, strict=True))
    for stage in STAGES:
        if reasons := Counter(run.rejected(stage).column("reason")):
            survey.rejected[stage] = reasons
    return survey
