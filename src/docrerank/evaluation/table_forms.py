"""A table of results in its forms: text and Markdown, short or full, JSON, and a plot."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from textwrap import wrap
from typing import Any, Literal

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from docrerank.evaluation.interval_plot import Whisker, draw_plot
from docrerank.evaluation.results_table import Breakdown, Difference, ResultsTable, SystemResult
from docrerank.evaluation.statistics import METRICS, Interval
from docrerank.evaluation.statistics.resampling import CONFIDENCE

Format = Literal["text", "markdown"]
NOTHING = "-"
#: Values of a trait that a table shows; JSON has them all.
MAX_VALUES = 12
#: Characters of a line of text at most: short, and full.
SHORT, WIDE, MARKDOWN_WIDTH = 100, 170, 100_000
#: Characters of a line that a system's name has at least.
MIN_NAME = 12


@dataclass(frozen=True, slots=True)
class Grid:
    """One table before it has a form: its title, its column names and its rows, the first column being names.

    A cell has its value, its p-value and its interval in lines of their own.
    """

    title: str
    header: list[str]
    rows: list[list[str]]


def render(table: ResultsTable, form: Format = "text", full: bool = False) -> str:
    """The table as text.

    Args:
        table: the results.
        form: text has no control characters; in Markdown names are escaped.
        full: every metric, p-value, pair of systems, breakdown and note; else the headline, R@1 and gains, in lines of
            100 characters.
    """
    notes = [*_tell_gains(table), *_list_notes(table)]
    if not full:
        return _write([_lay_out_headline(table)], notes[:2], form, SHORT)
    return _write(list(_lay_out(table)), notes, form, WIDE)


def render_summary(summary: Mapping[str, Any], form: Format = "text") -> str:
    """`build_summary` as one row a task, one column a system, and the mean in the last row."""
    names = list(summary["means"])
    rows = []
    for (task, scores), headline in zip(summary["tasks"].items(), summary["headlines"].values(), strict=True):
        cells = [f"{scores[name]:.3f}" if name in scores else NOTHING for name in names]
        rows.append([task, headline, *cells])
    rows.append([f"mean of {len(summary['tasks'])}", "", *(f"{mean:.3f}" for mean in summary["means"].values())])
    return _write([Grid("all tasks", ["task", "metric", *names], rows)], (), form, WIDE)


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
        "tokens_per_query": system.tokens_per_query,
    }


def _lay_out_headline(table: ResultsTable) -> Grid:
    """The columns that a reader looks at first; differences that no system has are left out."""
    columns = {
        "system": [_name(table, each) for each in _rows(table)],
        table.headline: [_show(each.means[table.headline], short=True) for each in _rows(table)],
    }
    for title, floor in (("gain over start", table.start), ("gain over best untrained", table.baseline)):
        if floor:
            columns[title] = _show_gains(table, floor, table.headline, short=True)
    if table.headline != "R@1":
        columns["R@1"] = [_shorten(f"{each.means['R@1'].value:.3f}") for each in _rows(table)]
    return Grid(_title(table), list(columns), [list(row) for row in zip(*columns.values(), strict=True)])


def _lay_out(table: ResultsTable) -> Iterator[Grid]:
    yield _lay_out_systems(table)
    count = len(table.systems)
    if len(table.pairs) == count * (count - 1) // 2 and count > 2:
        yield _lay_out_pairs(table)
    for trait, parts in table.breakdowns.items():
        if any(part.queries < table.queries for part in parts):
            yield _lay_out_trait(table, trait.replace("_", " "), parts[:MAX_VALUES])


def _lay_out_systems(table: ResultsTable) -> Grid:
    """Columns that no system fills are left out."""
    columns = {"system": [_name(table, each) for each in _rows(table)]}
    for metric in METRICS:
        columns[metric] = [_show(each.means[metric]) for each in _rows(table)]
        if metric == table.headline:
            columns[f"{metric} - start"] = _show_gains(table, table.start, metric)
            columns[f"{metric} - best untrained"] = _show_gains(table, table.baseline, metric)
    columns["answerable AUROC"] = [
        _show(each.answerability.auroc) if each.answerability else NOTHING for each in _rows(table)
    ]
    numbers = {"ms/query": ("ms_per_query", ".1f"), "tokens/query": ("tokens_per_query", ",.0f")}
    for title, (name, shape) in numbers.items():
        found = [getattr(each, name) for each in _rows(table)]
        columns[title] = [NOTHING if value is None else format(value, shape) for value in found]
    kept = {name: cells for name, cells in columns.items() if any(cell != NOTHING for cell in cells)}
    return Grid(_title(table), list(kept), [list(row) for row in zip(*kept.values(), strict=True)])


def _show_gains(table: ResultsTable, floor: str | None, metric: str, short: bool = False) -> list[str]:
    found = [table.difference(each.name, floor).get(metric) if floor else None for each in _rows(table)]
    return [_show_difference(each, short) for each in found]


def _title(table: ResultsTable) -> str:
    return f"{table.name}: {table.queries} queries of {table.documents} documents"


def _rows(table: ResultsTable) -> tuple[SystemResult, ...]:
    return (*table.systems, table.ceiling)


def _name(table: ResultsTable, system: SystemResult) -> str:
    if system.name == table.baseline:
        return f"{system.name} (best untrained)"
    if system.name == table.start:
        return f"{system.name} (start)"
    return system.name


def _lay_out_pairs(table: ResultsTable) -> Grid:
    """A square: each row's system less each column's."""
    names = [system.name for system in table.systems]
    rows = [
        [row, *(_show_difference(table.difference(row, column).get(table.headline)) for column in names)]
        for row in names
    ]
    return Grid(f"{table.headline}: row less column", ["", *names], rows)


def _lay_out_trait(table: ResultsTable, trait: str, parts: Sequence[Breakdown]) -> Grid:
    names = [system.name for system in table.systems]
    rows = [[f"{part.value} ({part.queries})", *(_show(part.means[name]) for name in names)] for part in parts]
    return Grid(f"{table.headline} by {trait} (queries)", [trait, *names], rows)


def _show(interval: Interval, short: bool = False) -> str:
    value, edges = f"{interval.value:.3f}", _show_edges(interval, ".3f")
    return f"{_shorten(value)} {edges}" if short else f"{value}\n{edges}"


def _show_difference(difference: Difference | None, short: bool = False) -> str:
    if difference is None:
        return NOTHING
    value, edges = f"{difference.interval.value:+.3f}", _show_edges(difference.interval, "+.3f")
    return f"{_shorten(value)} {edges}" if short else f"{value}\np={difference.p:.4f}\n{edges}"


def _show_edges(interval: Interval, form: str) -> str:
    return f"[{_shorten(format(interval.low, form))} {_shorten(format(interval.high, form))}]"


def _shorten(number: str) -> str:
    """Without the zero before the point."""
    return number.replace("0.", ".", 1) if number.lstrip("+-").startswith("0.") else number


def _tell_gains(table: ResultsTable) -> list[str]:
    """The three figures that count on one line, and what training gained by itself."""
    if not table.start and not table.trained:
        return []
    names = {"best untrained": table.baseline, "start": table.start, "trained": table.trained}
    shown = [f"{what} {_show(table.system(each).means[table.headline], True)}" for what, each in names.items() if each]
    gain = table.difference(table.trained or "", table.start or "").get(table.headline)
    told = f" Training gained {_show_difference(gain, short=True)} over the start." if gain else ""
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


def _write(grids: Sequence[Grid], notes: Sequence[str], form: Format, width: int) -> str:
    markdown = form == "markdown"
    out = io.StringIO()
    console = Console(file=out, width=MARKDOWN_WIDTH if markdown else width, color_system=None)
    for grid in grids:
        console.print(_build_markdown(grid) if markdown else _build_table(grid, width))
    for note in notes:
        console.print(Text(f"- {_escape(note)}" if markdown else _clean(note)))
    return "".join(f"{line.rstrip()}\n" for line in out.getvalue().splitlines())


def _build_markdown(grid: Grid) -> Table:
    table = Table(title=Text(f"**{_escape(grid.title)}**\n"), title_justify="left", box=box.MARKDOWN, leading=0)
    for place, name in enumerate(grid.header):
        table.add_column(Text(_escape(name)), justify="right" if place else "left", no_wrap=True)
    for row in grid.rows:
        table.add_row(*(Text(_escape(cell)) for cell in row))
    return table


def _build_table(grid: Grid, width: int) -> Table:
    """Names go in as `Text`, so that brackets in them are not read as markup."""
    table = Table(
        title=Text(_clean(grid.title)),
        title_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        show_edge=False,
    )
    widths = [max(_measure(name, row[place]) for row in grid.rows) for place, name in enumerate(grid.header) if place]
    longest = max(len(row[0]) for row in grid.rows)
    table.add_column(
        Text(_clean(grid.header[0])), width=max(MIN_NAME, min(longest, width - sum(widths) - 2 * len(widths) - 1))
    )
    for name, narrow in zip(grid.header[1:], widths, strict=True):
        table.add_column(Text("\n".join(wrap(_clean(name), narrow))), justify="right", no_wrap=True)
    for row in grid.rows:
        table.add_row(Text(_clean(row[0])), *map(Text, row[1:]))
    return table


def _measure(name: str, cell: str) -> int:
    """Characters that a column needs for a cell, and for its name over several lines."""
    return max(map(len, (*cell.splitlines(), *_clean(name).split())))


def _clean(text: str) -> str:
    """Without control characters, which could drive a terminal or break a row in two."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _escape(text: str) -> str:
    """For a Markdown table cell: no cell border, no HTML."""
    cleaned = _clean(text).replace("\\", "\\\\").replace("|", "\\|")
    return cleaned.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
