"""The dataset card of a set: what is in it, who made it, what was rejected, how it was checked, how to load it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from docrerank.datasets.survey import Survey, survey_run
from docrerank.runs import Run

#: Documents named in a card; the rest is counted.
MAX_DOCUMENTS = 50
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
        form: the set's form and one line about it.
        configs: its tables.
        usage: how to load it, as Markdown.
        left_out: what the run has and the set has not: reason to count.
        license: as the hub names it; empty if nobody said.
        audit: what people found, as Markdown; empty without an audit.
    """

    form: tuple[str, str]
    configs: Sequence[Config]
    usage: str
    left_out: Mapping[str, int]
    license: str = ""
    audit: str = ""


def write_card(run: Run, facts: CardFacts) -> str:
    """The README.md of a set: the hub's header, then what a reader needs to judge it. No path, no key, no date."""
    survey = survey_run(run)
    parts = [
        _write_header(facts, survey),
        f"# Training set for page rerankers ({facts.form[0]})\n\nMade with docrerank after DocReRank "
        f"(arXiv 2505.22584): pages with questions that they answer, and with *hard negative questions* that are as "
        f"close as possible and that they do not answer. Form: {facts.form[1]}",
        f"## Load\n\n{facts.usage}",
        _write_counts(facts, survey),
        _write_makers(survey),
        _write_gates(facts, survey),
        f"## Checked by people\n\n{facts.audit or 'Not audited: nobody has looked at a sample of it yet.'}",
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
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(_escape(cell) for cell in row) + " |" for row in rows])


def _escape(cell: str) -> str:
    return " ".join(cell.replace("|", "\\|").split())
