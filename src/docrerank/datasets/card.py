"""The dataset card of a set: what is in it, who made it, what was rejected, how it was checked, how to load it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from docrerank.datasets.usage import FORMS, describe_usage
from docrerank.report.audit import AuditSummary, Rate, read_summary
from docrerank.runs import Run

#: Documents named in a card; the rest is counted.
MAX_DOCUMENTS = 50
#: Stages whose rejected rows are counted.
STAGES = ("ingest", "import", "generate")
#: Sections of the recipe that shape no data, and keys that hold addresses and paths of whoever made it.
_NOT_DATA = ("workers", "train", "vision", "evaluate", "ablation", "serve")
_PRIVATE = frozenset({"base_url", "api_key_env", "gguf", "projector", "model_path", "cache", "path"})
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))


@dataclass(frozen=True, slots=True)
class Config:
    """A table of the set, as `load_dataset(SET, name)` finds it.

    Attributes:
        name: of the table.
        files: split to a pattern of files below the set's folder.
        rows: split to number of rows.
    """

    name: str
    files: Mapping[str, str]
    rows: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class CardFacts:
    """What a card says that the run does not.

    Attributes:
        form: of the set.
        configs: its tables.
        left_out: what the run has and the set has not: reason to count.
        license: as the hub names it; empty if nobody said.
    """

    form: str
    configs: Sequence[Config]
    left_out: Mapping[str, int]
    license: str = ""


@dataclass(slots=True)
class Survey:
    """Counts over a whole run.

    Attributes:
        documents: name to (pages, sha256 of the file).
        kinds, properties, levels: of the queries; properties of hard negatives, levels of rephrasings.
        writers: who wrote queries, as their records say.
        judges: (judge, wording, prompt) of the verdicts, and how many each gave.
        rejected: stage to reasons.
        answered: hard negatives that are a positive for another page.
    """

    documents: dict[str, tuple[int, str]] = field(default_factory=dict)
    kinds: Counter[str] = field(default_factory=Counter)
    properties: Counter[str] = field(default_factory=Counter)
    levels: Counter[int] = field(default_factory=Counter)
    writers: Counter[str] = field(default_factory=Counter)
    judges: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    rejected: dict[str, Counter[str]] = field(default_factory=dict)
    answered: int = 0

    @property
    def pages(self) -> int:
        """Pages of all documents."""
        return sum(pages for pages, _ in self.documents.values())


def write_card(run: Run, facts: CardFacts) -> str:
    """The README.md of a set: the hub's header, then what a reader needs to judge it. No path, no key, no date."""
    survey = survey_run(run)
    parts = [
        _write_header(facts, survey),
        f"# Training set for page rerankers ({facts.form})\n\nMade with docrerank after DocReRank "
        f"(arXiv 2505.22584): pages with questions that they answer, and with *hard negative questions* that are as "
        f"close as possible and that they do not answer. Form: {FORMS[facts.form]}",
        f"## Load\n\n{describe_usage(facts.form)}",
        _write_counts(facts, survey),
        _write_makers(survey),
        _write_gates(facts, survey),
        f"## Checked by people\n\n{describe_audit(run) or 'Not audited: nobody has looked at a sample of it yet.'}",
        _write_lineage(run, survey),
        _write_limits(facts, survey),
    ]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _write_header(facts: CardFacts, survey: Survey) -> str:
    header: dict[str, object] = {"license": facts.license} if facts.license else {}
    header["task_categories"] = ["visual-document-retrieval"]
    header["tags"] = ["docrerank", "reranking", "hard-negatives", "document-retrieval"]
    header["size_categories"] = [next((name for bound, name in _SIZES if survey.pages < bound), "n>1M")]
    header["configs"] = [
        {
            "config_name": config.name,
            "data_files": [{"split": split, "path": path} for split, path in config.files.items()],
        }
        for config in facts.configs
    ]
    return f"---\n{yaml.safe_dump(header, sort_keys=False)}---"


def _write_counts(facts: CardFacts, survey: Survey) -> str:
    rows = [["documents", str(len(survey.documents))], ["pages", str(survey.pages)]]
    rows += [[name.replace("_", " "), str(count)] for name, count in sorted(survey.kinds.items())]
    rows += [["hard negatives that another page answers", str(survey.answered)]]
    rows += [[f"hard negatives: {name or 'property unknown'}", str(n)] for name, n in _order(survey.properties)]
    rows += [[f"rephrased: level {level or 'unknown'}", str(n)] for level, n in sorted(survey.levels.items()) if n]
    tables = [
        [f"`{config.name}`", split, str(count)] for config in facts.configs for split, count in config.rows.items()
    ]
    return "\n\n".join(
        ("## Counts", _table(["of the run", "number"], rows), _table(["table of this set", "split", "rows"], tables))
    )


def _write_makers(survey: Survey) -> str:
    writers = [[f"`{name or 'unknown'}`", str(count)] for name, count in _order(survey.writers)]
    judges = [
        [f"`{judge}`", wording, f"`{prompt}`" if prompt else "none (rules)", str(count)]
        for (judge, wording, prompt), count in sorted(survey.judges.items())
    ]
    judged = _table(["judge", "wording", "prompt", "verdicts"], judges) if judges else "No verdict is on record."
    return "\n\n".join(("## Models and prompts", _table(["writer", "queries"], writers), judged))


def _write_gates(facts: CardFacts, survey: Survey) -> str:
    rows = [
        [stage, reason, str(count)] for stage, reasons in survey.rejected.items() for reason, count in _order(reasons)
    ]
    rows += [["export", reason, str(count)] for reason, count in sorted(facts.left_out.items())]
    text = _table(["stage", "reason", "left out"], rows) if rows else "Nothing was left out."
    return f"## What was left out, and why\n\n{text}"


def _write_lineage(run: Run, survey: Survey) -> str:
    documents = sorted(survey.documents.items())
    lines = [f"- {name}: {pages} pages, sha256 `{digest}`" for name, (pages, digest) in documents[:MAX_DOCUMENTS]]
    if len(documents) > MAX_DOCUMENTS:
        lines.append(f"- and {len(documents) - MAX_DOCUMENTS} more documents")
    text = yaml.safe_dump(select_recipe(run), sort_keys=False, allow_unicode=True)
    recipe = f"<details><summary>Recipe</summary>\n\n```yaml\n{text}```\n\n</details>"
    return "\n\n".join(("## Lineage", "\n".join(lines), recipe))


def select_recipe(run: Run) -> Any:
    """The sections of the recipe that shape the data; without addresses, which may be of a private network."""
    return _hide(run.recipe.model_dump(mode="json", exclude=set(_NOT_DATA)))


def _hide(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _hide(entry) for key, entry in value.items() if key not in _PRIVATE}
    if isinstance(value, str) and value.startswith(("/", "~", "./", "../")):
        return Path(value).name
    return [_hide(entry) for entry in value] if isinstance(value, list) else value


def _write_limits(facts: CardFacts, survey: Survey) -> str:
    limits = [
        "Questions were written by models or rules and verified by models or rules: some hard negatives are "
        "answerable (the paper's audit found 8.2 %), and wording may be easier to recognise than people's.",
        "A hard negative is verified against its own page. Other pages are known to answer it only where "
        "`answered_by` names them.",
    ]
    if not facts.license:
        limits.append("No licence was given: the rights of the documents decide what may be done with their pages.")
    if not survey.judges:
        limits.append("No verdicts are on record: who verified the questions, and how, is as the source says.")
    return "## Known limits\n\n" + "\n".join(f"- {limit}" for limit in limits)


def _order(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(((name, count) for name, count in counts.items() if count), key=lambda row: (-row[1], row[0]))


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join([_line(head), "|" + " --- |" * len(head), *map(_line, rows)])


def _line(cells: Sequence[str]) -> str:
    texts = (" ".join(cell.replace("|", "\\|").split()) for cell in cells)
    return "".join(f"| {text} " if text else "| " for text in texts) + "|"


def survey_run(run: Run) -> Survey:
    """Count a run's pages, queries, verdicts and rejected rows, column by column or one at a time."""
    survey = Survey()
    for document, digest in zip(run.pages.column("document"), run.pages.column("sha256"), strict=True):
        pages, first = survey.documents.get(document, (0, digest))
        survey.documents[document] = (pages + 1, first)
    for query in run.queries.read():
        survey.kinds[query.kind] += 1
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


def describe_audit(run: Run) -> str:
    """A table of the audit's rates as Markdown; empty if nobody has audited the run."""
    summary = read_summary(run.path)
    return "" if summary is None or not summary.judged else write_audit(summary)


def write_audit(summary: AuditSummary) -> str:
    """The rates of an audit, each with its 95 % interval."""
    who = len(summary.auditors)
    rows = [
        _list_rate("hard negatives that the page answers", summary.false_negatives),
        _list_rate("positives that it does not answer", summary.false_positives),
    ]
    rates = sorted(dict(summary.by_property).items())
    rows += [_list_rate(f"hard negatives: {name or 'property unknown'}", rate) for name, rate in rates]
    lines = [
        f"{summary.judged} questions, drawn at random (seed {summary.seed}), were held against their page by {who} "
        f"{'person' if who == 1 else 'people'}; {summary.unclear} were unclear.",
        "",
        _table(["", "cases", "of", "share", "95 % interval"], rows),
    ]
    if summary.agreement is not None:
        lines += ["", f"Agreement between people: Fleiss' kappa {summary.agreement:.2f}."]
    return "\n".join(lines)


def _list_rate(name: str, rate: Rate) -> list[str]:
    share = f"{rate.cases / rate.of:.1%}" if rate.of else "-"
    return [name, str(rate.cases), str(rate.of), share, f"{rate.low:.1%} to {rate.high:.1%}"]
