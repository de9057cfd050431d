"""A comparison to look at: as text for a terminal, as Markdown, and as a dictionary for JSON."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from docrerank.evaluation.comparison import Breakdown, Comparison, Difference, SystemResult
from docrerank.statistics import CONFIDENCE, HEADLINE, METRICS, Interval

#: A value, and how sure it is: under it in text, beside it in Markdown.
Cell = tuple[str, str]

#: Characters of a system's name that are kept on one line.
MAX_NAME = 40
_NOTHING: Cell = ("-", "")


@dataclass(frozen=True, slots=True)
class Grid:
    """One table before it has a form: its title, its column names and its rows, the first column being names."""

    title: str
    header: list[str]
    rows: list[list[Cell]]


def render_text(comparison: Comparison, width: int = 120) -> str:
    """The comparison as plain text for a terminal of `width` columns: the systems, then the kinds of evidence.

    Example:
        >>> from docrerank.evaluation.comparison import compare, summarise_system
        >>> bm25 = summarise_system("BM25", {"NDCG@5": {"q": 0.5}}, trained=False)
        >>> "BM25" in render_text(compare([bm25], "BM25", {}))
        True
    """
    out = io.StringIO()
    console = Console(file=out, width=width, color_system=None)
    for grid in _lay_out(comparison):
        console.print(build_table(grid))
    for note in _list_notes(comparison):
        console.print(Text(_clean(note)))
    return out.getvalue()


def render_markdown(comparison: Comparison) -> str:
    """The comparison as Markdown tables with a list of notes under them; names are escaped.

    Example:
        >>> from docrerank.evaluation.comparison import compare, summarise_system
        >>> bm25 = summarise_system("BM25", {"NDCG@5": {"q": 0.5}}, trained=False)
        >>> "| BM25 (baseline) | 0.500 [0.500, 0.500] |" in render_markdown(compare([bm25], "BM25", {}))
        True
    """
    parts = [write_markdown(grid) for grid in _lay_out(comparison)]
    parts.append("\n".join(f"- {_escape(note)}" for note in _list_notes(comparison)))
    return "\n\n".join(parts) + "\n"


def build_dict(comparison: Comparison) -> dict[str, Any]:
    """Every number of the comparison with its interval, and how the intervals were made; `json.dumps` takes it.

    Example:
        >>> from docrerank.evaluation.comparison import compare, summarise_system
        >>> bm25 = summarise_system("BM25", {"NDCG@5": {"q": 0.5}}, trained=False)
        >>> build_dict(compare([bm25], "BM25", {}))["systems"]["BM25"]["metrics"]["NDCG@5"]
        {'value': 0.5, 'low': 0.5, 'high': 0.5}
    """
    return {
        "baseline": comparison.baseline,
        "queries": comparison.queries,
        "seed": comparison.seed,
        "confidence": CONFIDENCE,
        "resamples": comparison.resamples,
        "interval": "percentile bootstrap over queries",
        "p": "paired sign-flip permutation test, two-sided, not corrected for the number of tests",
        "systems": {system.name: _describe_system(comparison, system) for system in comparison.systems},
        "ceiling": None if comparison.ceiling is None else _describe_means(comparison.ceiling),
        "breakdown": [asdict(part) for part in comparison.breakdown],
        "notes": list(comparison.notes),
    }


def _describe_system(comparison: Comparison, system: SystemResult) -> dict[str, Any]:
    differences = comparison.differences.get(system.name, {})
    return {
        "trained": system.trained,
        "metrics": _describe_means(system),
        "differences": {metric: asdict(difference) for metric, difference in differences.items()},
        "answerability": None if system.answerability is None else asdict(system.answerability),
        "ms_per_query": system.ms_per_query,
    }


def _describe_means(system: SystemResult) -> dict[str, Any]:
    return {metric: asdict(interval) for metric, interval in system.means.items()}


def _lay_out(comparison: Comparison) -> Iterator[Grid]:
    metrics = [metric for metric in METRICS if metric in comparison.systems[0].means]
    position = metrics.index(HEADLINE) + 1
    header = ["system", *metrics, "answerable AUROC", "ms/query"]
    header.insert(position + 1, f"{HEADLINE} - baseline")
    rows = [_lay_out_system(comparison, system, metrics, position) for system in comparison.systems]
    if comparison.ceiling is not None:
        rows.append(_lay_out_system(comparison, comparison.ceiling, metrics, position))
    yield Grid(f"{comparison.queries} queries", header, rows)
    if comparison.breakdown:
        kinds = [f"{part.evidence} ({part.queries})" for part in comparison.breakdown]
        rows = [_lay_out_breakdown(comparison.breakdown, system.name) for system in comparison.systems]
        yield Grid(f"{HEADLINE} by evidence (queries)", ["system", *kinds], rows)


def _lay_out_system(comparison: Comparison, system: SystemResult, metrics: list[str], position: int) -> list[Cell]:
    name = f"{system.name} (baseline)" if system.name == comparison.baseline else system.name
    speed = _NOTHING if system.ms_per_query is None else (f"{system.ms_per_query:.1f}", "")
    auroc = None if system.answerability is None else system.answerability.auroc
    row = [(name, ""), *(_show(system.means.get(metric)) for metric in metrics), _show(auroc), speed]
    difference = comparison.differences.get(system.name, {}).get(HEADLINE)
    row.insert(position + 1, _NOTHING if difference is None else _show_difference(difference))
    return row


def _lay_out_breakdown(parts: Sequence[Breakdown], name: str) -> list[Cell]:
    return [(name, ""), *(_show(part.means[name]) for part in parts)]


def _show(interval: Interval | None) -> Cell:
    if interval is None:
        return _NOTHING
    return f"{interval.value:.3f}", f"[{interval.low:.3f}, {interval.high:.3f}]"


def _show_difference(difference: Difference) -> Cell:
    interval = difference.interval
    return f"{interval.value:+.3f} p={difference.p:.4f}", f"[{interval.low:+.3f}, {interval.high:+.3f}]"


def _list_notes(comparison: Comparison) -> list[str]:
    notes = ["Brackets: 95 % bootstrap intervals over queries; p: paired permutation test, uncorrected."]
    recall = None if comparison.ceiling is None else comparison.ceiling.means.get("recall")
    if recall is not None:
        notes.append(f"The candidates hold {recall.value:.1%} of a query's relevant pages on average.")
    return [*notes, *comparison.notes]


def build_table(grid: Grid) -> Table:
    """A grid for a terminal. Names go in as `Text`, so that brackets in them are not read as markup."""
    table = Table(title=Text(grid.title), title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    longest = max(len(row[0][0]) for row in grid.rows)
    table.add_column(Text(_clean(grid.header[0])), min_width=min(longest, MAX_NAME))
    for name in grid.header[1:]:
        table.add_column(
            Text(_clean(name).replace(" - ", " -\n").replace("answerable ", "answerable\n")),
            justify="right",
            no_wrap=True,
        )
    for row in grid.rows:
        table.add_row(*(Text(_stack(value, sureness)) for value, sureness in row))
    return table


def _stack(value: str, sureness: str) -> str:
    """A cell of narrow lines: the value, its p-value if it has one, and its interval without what can be spared."""
    lines = _clean(value).replace(" p=", "\np=")
    return f"{lines}\n{sureness.replace('0.', '.').replace(', ', ' ')}" if sureness else lines


def write_markdown(grid: Grid) -> str:
    """A grid as a Markdown table under its title."""
    lines = [[_escape(name) for name in grid.header], ["---", *["---:"] * (len(grid.header) - 1)]]
    lines += [[_escape(f"{value} {sureness}".strip()) for value, sureness in row] for row in grid.rows]
    body = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"**{_escape(grid.title)}**\n\n{body}"


def _clean(text: str) -> str:
    """Without control characters, which could drive a terminal or break a row in two."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _escape(text: str) -> str:
    """For a Markdown table cell: no cell border, no HTML."""
    cleaned = _clean(text).replace("\\", "\\\\").replace("|", "\\|")
    return cleaned.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
