"""A table of results in its five forms: text, Markdown, JSON, CSV, and a plot."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any, Literal

from docrerank.evaluation.interval_plot import Whisker, draw_plot
from docrerank.evaluation.rendering import NOTHING, Cell, Grid, write_markdown, write_text_grids
from docrerank.evaluation.results_table import Breakdown, Difference, ResultsTable, SystemResult
from docrerank.evaluation.statistics import CONFIDENCE, METRICS, Interval

Format = Literal["text", "markdown", "json", "csv"]
#: Values of a trait that a table shows; the rest is in the JSON alone.
MAX_VALUES = 12


def render(table: ResultsTable, form: Format = "text") -> str:
    """The table in one of four forms; JSON holds every number, CSV one row a system."""
    if form == "json":
        return json.dumps(build_dict(table), indent=1, ensure_ascii=False) + "\n"
    if form == "csv":
        return _write_csv(table)
    write = write_markdown if form == "markdown" else write_text_grids
    return write(list(_lay_out(table)), _list_notes(table))


def draw_table(table: ResultsTable) -> str:
    """The plot as an SVG document: each system's headline metric with its interval, and the ceiling."""
    rows = [Whisker(each.name, each.means[table.headline], 2 if each.trained else 1) for each in table.systems]
    ceiling = table.ceiling.means[table.headline].value
    return draw_plot(
        f"{table.name[:80]}: {table.headline}, {table.queries} queries",
        f"95 % intervals over documents and queries; at most {table.candidates} candidates from "
        f"{table.first_stage[-40:]}",
        rows,
        (0.0, 1.0),
        (ceiling, f"ceiling {ceiling:.3f}"),
    )


def build_dict(table: ResultsTable) -> dict[str, Any]:
    """Every number of the table with its interval, and how the intervals were made; `json.dumps` takes it."""
    return {
        "benchmark": table.name,
        "headline": table.headline,
        "baseline": table.baseline,
        "queries": table.queries,
        "documents": table.documents,
        "first_stage": table.first_stage,
        "candidates": table.candidates,
        "seed": table.seed,
        "resamples": table.resamples,
        "confidence": CONFIDENCE,
        "interval": "percentile bootstrap over documents and the queries within them, paired for differences",
        "p": "paired permutation test over documents, two-sided, not corrected for the number of tests",
        "systems": {system.name: _describe(table, system) for system in table.systems},
        "ceiling": {metric: asdict(interval) for metric, interval in table.ceiling.means.items()},
        "pairs": [
            {"first": first, "second": second, "differences": _describe_differences(found)}
            for (first, second), found in table.pairs.items()
        ],
        "breakdowns": {trait: [asdict(part) for part in parts] for trait, parts in table.breakdowns.items()},
        "notes": _list_notes(table),
    }


def _describe(table: ResultsTable, system: SystemResult) -> dict[str, Any]:
    return {
        "trained": system.trained,
        "metrics": {metric: asdict(interval) for metric, interval in system.means.items()},
        "differences": _describe_differences(table.difference(system.name, table.baseline)),
        "answerability": None if system.answerability is None else asdict(system.answerability),
        "ms_per_query": system.ms_per_query,
        "tokens_per_query": system.tokens_per_query,
        **dict(system.extra),
    }


def _describe_differences(found: Any) -> dict[str, Any]:
    return {metric: asdict(difference) for metric, difference in found.items()}


def _write_csv(table: ResultsTable) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    bounds = [f"{metric}{end}" for metric in METRICS for end in ("", " low", " high")]
    writer.writerow(["benchmark", "system", "trained", "queries", *bounds, "AUROC", "ms/query", "tokens/query"])
    for system in (*table.systems, table.ceiling):
        numbers = [f"{value:.6f}" for metric in METRICS for value in asdict(system.means[metric]).values()]
        auroc = "" if system.answerability is None else f"{system.answerability.auroc.value:.6f}"
        speed = "" if system.ms_per_query is None else f"{system.ms_per_query:.3f}"
        tokens = "" if system.tokens_per_query is None else f"{system.tokens_per_query:.1f}"
        name = _guard(system.name)
        writer.writerow([_guard(table.name), name, system.trained, table.queries, *numbers, auroc, speed, tokens])
    return out.getvalue()


def _guard(name: str) -> str:
    """A name that a spreadsheet would take for a formula is told apart by an apostrophe."""
    return f"'{name}" if name[:1] in "=+-@\t\r" else name


def _lay_out(table: ResultsTable) -> Iterator[Grid]:
    yield _lay_out_systems(table)
    if len(table.pairs) >= len(table.systems) > 2:
        yield _lay_out_pairs(table)
    for trait, parts in table.breakdowns.items():
        if any(part.queries < table.queries for part in parts):
            yield _lay_out_trait(table, trait.replace("_", " "), parts[:MAX_VALUES])


def _lay_out_systems(table: ResultsTable) -> Grid:
    """Columns that no system fills are left out."""
    columns: dict[str, list[Cell]] = {"system": [(_name(table, each), "") for each in _rows(table)]}
    for metric in METRICS:
        columns[metric] = [_show(each.means[metric]) for each in _rows(table)]
        if metric == table.headline:
            columns[f"{metric} - baseline"] = [_show_difference(_headline(table, each)) for each in _rows(table)]
    columns["answerable AUROC"] = [
        _show(each.answerability.auroc if each.answerability else None) for each in _rows(table)
    ]
    columns["ms/query"] = [_show_number(each.ms_per_query, ".1f") for each in _rows(table)]
    columns["tokens/query"] = [_show_number(each.tokens_per_query, ",.0f") for each in _rows(table)]
    kept = {name: cells for name, cells in columns.items() if any(cell != NOTHING for cell in cells)}
    title = f"{table.name}: {table.queries} queries of {table.documents} documents"
    return Grid(title, list(kept), [list(row) for row in zip(*kept.values(), strict=True)])


def _rows(table: ResultsTable) -> tuple[SystemResult, ...]:
    return (*table.systems, table.ceiling)


def _headline(table: ResultsTable, system: SystemResult) -> Difference | None:
    return table.difference(system.name, table.baseline).get(table.headline)


def _name(table: ResultsTable, system: SystemResult) -> str:
    if system.name == table.baseline:
        return f"{system.name} (baseline)"
    return f"{system.name} (trained)" if system.trained and not system.name.startswith("trained") else system.name


def _lay_out_pairs(table: ResultsTable) -> Grid:
    """A square: each row's system less each column's."""
    names = [system.name for system in table.systems]
    rows = [
        [(row, ""), *(_show_difference(table.difference(row, column).get(table.headline)) for column in names)]
        for row in names
    ]
    return Grid(f"{table.headline}: row less column", ["", *names], rows)


def _lay_out_trait(table: ResultsTable, trait: str, parts: Sequence[Breakdown]) -> Grid:
    """The systems stand in rows, or in columns where there are fewer of them than of values."""
    kinds = [f"{part.value} ({part.queries})" for part in parts]
    names = [system.name for system in table.systems]
    cells = [[_show(part.means[name]) for part in parts] for name in names]
    title = f"{table.headline} by {trait} (queries)"
    if len(kinds) <= len(names):
        return Grid(title, ["system", *kinds], [[(name, ""), *row] for name, row in zip(names, cells, strict=True)])
    turned = [list(column) for column in zip(*cells, strict=True)]
    return Grid(title, [trait, *names], [[(kind, ""), *row] for kind, row in zip(kinds, turned, strict=True)])


def _show(interval: Interval | None) -> Cell:
    return NOTHING if interval is None else (f"{interval.value:.3f}", f"[{interval.low:.3f}, {interval.high:.3f}]")


def _show_number(value: float | None, form: str) -> Cell:
    return NOTHING if value is None else (format(value, form), "")


def _show_difference(difference: Difference | None) -> Cell:
    if difference is None:
        return NOTHING
    interval = difference.interval
    return f"{interval.value:+.3f} p={difference.p:.4f}", f"[{interval.low:+.3f}, {interval.high:+.3f}]"


def _list_notes(table: ResultsTable) -> list[str]:
    recall = table.ceiling.means["recall"].value
    return [
        f"Brackets: 95 % intervals over documents and the queries within them ({table.resamples} resamples, seed "
        f"{table.seed}), paired for differences; p: paired permutation test over documents, uncorrected.",
        "The baseline is the best untrained system on these same queries.",
        f"The candidates are at most {table.candidates} a query, from {table.first_stage}; they hold {recall:.1%} of "
        "its relevant pages on average, and the ceiling is their best order.",
        *table.notes,
    ]
