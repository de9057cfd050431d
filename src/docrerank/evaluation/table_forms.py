"""A table of results as text and as JSON, and the figures of it that count."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from textwrap import wrap
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from docrerank.evaluation.results_table import Difference, ResultsTable, SystemResult
from docrerank.evaluation.statistics import Interval
from docrerank.evaluation.statistics.resampling import CONFIDENCE

NOTHING = "-"
#: Characters of a line at most: of a table, and of the summary of several.
WIDTH, WIDE = 100, 170
#: Characters of a line that a system's name has at least.
MIN_NAME = 12


def render(table: ResultsTable) -> str:
    """The headline metric, the gains and R@1 as text of 100 columns without control characters; JSON has the rest."""
    columns = {
        "system": [_name(table, each) for each in _rows(table)],
        table.headline: [_show(each.means[table.headline]) for each in _rows(table)],
    }
    for title, floor in (("gain over start", table.start), ("gain over best untrained", table.baseline)):
        if floor:
            found = [table.difference(each.name, floor).get(table.headline) for each in _rows(table)]
            columns[title] = [_show_difference(each) for each in found]
    if table.headline != "R@1":
        columns["R@1"] = [_shorten(f"{each.means['R@1'].value:.3f}") for each in _rows(table)]
    title = f"{table.name}: {table.queries} queries of {table.documents} documents"
    return _write(title, columns, [*_tell_gains(table), *_list_notes(table)], WIDTH)


def render_summary(summary: Mapping[str, Any]) -> str:
    """`build_summary` as one row a task, one column a system, and the mean in the last row."""
    tasks = summary["tasks"]
    columns = {"task": [*tasks, f"mean of {len(tasks)}"], "metric": [*summary["headlines"].values(), ""]}
    for name, mean in summary["means"].items():
        cells = [f"{scores[name]:.3f}" if name in scores else NOTHING for scores in tasks.values()]
        columns[name] = [*cells, f"{mean:.3f}"]
    return _write("all tasks", columns, (), WIDE)


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
            {"first": first, "second": second, "differences": {metric: asdict(one) for metric, one in found.items()}}
            for (first, second), found in table.pairs.items()
        ],
        "breakdowns": {trait: [asdict(part) for part in parts] for trait, parts in table.breakdowns.items()},
        "notes": _list_notes(table),
    }


def sum_up(table: ResultsTable) -> dict[str, Any]:
    """The figures that count, of the headline metric.

    Returns:
        `best_untrained`, `start` and `trained` (`system` and the metric's `value`, `low` and `high`; None where there
        is none), `gain_of_training` (trained less start) and `gain_over_untrained` (trained, or without a trained
        model the start, less the best untrained system), each an interval with its `p` or None, and `answerability`
        (`system` and AUROC of the one of `trained` and `start` that counts; None at chance or below).
    """
    last = table.trained or table.start
    figures = {"best_untrained": table.baseline, "start": table.start, "trained": table.trained}
    return {
        **{
            figure: {"system": name, **asdict(table.system(name).means[table.headline])} if name else None
            for figure, name in figures.items()
        },
        "gain_of_training": _subtract(table, table.trained, table.start),
        "gain_over_untrained": _subtract(table, last, table.baseline),
        "answerability": _judge(table.system(last)) if last else None,
    }


def _subtract(table: ResultsTable, first: str | None, second: str | None) -> dict[str, float] | None:
    found = table.difference(first, second).get(table.headline) if first and second else None
    return {**asdict(found.interval), "p": found.p} if found else None


def _judge(system: SystemResult) -> dict[str, Any] | None:
    if system.answerability is None or system.answerability.auroc.value <= 0.5:
        return None
    return {"system": system.name, **asdict(system.answerability.auroc)}


def _describe(table: ResultsTable, system: SystemResult) -> dict[str, Any]:
    return {
        "trained": system.trained,
        "metrics": {metric: asdict(interval) for metric, interval in system.means.items()},
        "differences": {metric: asdict(one) for metric, one in table.difference(system.name, table.baseline).items()},
        "answerability": None if system.answerability is None else asdict(system.answerability),
        "ms_per_query": system.ms_per_query,
    }


def _rows(table: ResultsTable) -> tuple[SystemResult, ...]:
    return (*table.systems, table.ceiling)


def _name(table: ResultsTable, system: SystemResult) -> str:
    if system.name == table.baseline:
        return f"{system.name} (best untrained)"
    if system.name == table.start:
        return f"{system.name} (start)"
    return system.name


def _show(interval: Interval, form: str = ".3f") -> str:
    value, low, high = (_shorten(format(edge, form)) for edge in (interval.value, interval.low, interval.high))
    return f"{value} [{low} {high}]"


def _show_difference(difference: Difference | None) -> str:
    return _show(difference.interval, "+.3f") if difference else NOTHING


def _shorten(number: str) -> str:
    """Without the zero before the point."""
    return number.replace("0.", ".", 1) if number.lstrip("+-").startswith("0.") else number


def _tell_gains(table: ResultsTable) -> list[str]:
    """The three figures that count on one line, and what training gained by itself."""
    if not table.start and not table.trained:
        return []
    names = {"best untrained": table.baseline, "start": table.start, "trained": table.trained}
    shown = [f"{what} {_show(table.system(each).means[table.headline])}" for what, each in names.items() if each]
    gain = table.difference(table.trained or "", table.start or "").get(table.headline)
    told = f" Training gained {_show_difference(gain)} over the start." if gain else ""
    return [f"{table.headline}: {', '.join(shown)}.{told}"]


def _list_notes(table: ResultsTable) -> list[str]:
    recall = table.ceiling.means["recall"].value
    return [
        f"Brackets: 95 % intervals over documents and the queries within them ({table.resamples} resamples, seed "
        f"{table.seed}), paired for differences; p: paired permutation test over documents, uncorrected.",
        "The best untrained system is chosen on these same queries.",
        f"The candidates are at most {table.candidates} a query, from {table.first_stage}; they hold {recall:.1%} of "
        "its relevant pages on average, and the ceiling is their best order.",
        *table.notes,
    ]


def _write(title: str, columns: Mapping[str, Sequence[str]], notes: Sequence[str], width: int) -> str:
    """Columns of cells under their names, the first of them left-aligned; `Text` keeps brackets from being markup."""
    table = Table(
        title=Text(_clean(title)), title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False
    )
    (first, names), *others = columns.items()
    widths = [max(map(len, (*cells, *_clean(name).split()))) for name, cells in others]
    left = width - sum(widths) - 2 * len(widths) - 1
    table.add_column(Text(_clean(first)), width=max(MIN_NAME, min(max(map(len, names)), left)))
    for (name, _), narrow in zip(others, widths, strict=True):
        table.add_column(Text("\n".join(wrap(_clean(name), narrow))), justify="right", no_wrap=True)
    for row in zip(*columns.values(), strict=True):
        table.add_row(*(Text(_clean(cell)) for cell in row))
    out = io.StringIO()
    console = Console(file=out, width=width, color_system=None)
    console.print(table, *(Text(_clean(note)) for note in notes), sep="\n")
    return "".join(f"{line.rstrip()}\n" for line in out.getvalue().splitlines())


def _clean(text: str) -> str:
    """Without control characters, which could drive a terminal or break a row in two."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
