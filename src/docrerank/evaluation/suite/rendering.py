"""A board as text for a terminal, as Markdown, as JSON and as CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, Literal

from rich.console import Console
from rich.text import Text

from docrerank.evaluation.comparison import Breakdown, Difference, SystemResult
from docrerank.evaluation.suite.board import MAX_VALUES, Board
from docrerank.evaluation.table import Cell, Grid, build_table, write_markdown
from docrerank.statistics import CONFIDENCE, METRICS, Interval

Format = Literal["text", "markdown", "json", "csv"]
WIDTH = 140
NOTHING: Cell = ("-", "")


def render(board: Board, form: Format = "text", width: int = WIDTH) -> str:
    """The board in one of four forms; JSON holds every number, CSV one row a system."""
    if form == "json":
        return json.dumps(build_dict(board), indent=1, ensure_ascii=False) + "\n"
    if form == "csv":
        return _write_csv(board)
    if form == "markdown":
        notes = "\n".join(f"- {note}" for note in _list_notes(board))
        return "\n\n".join([*(write_markdown(grid) for grid in _lay_out(board)), notes]) + "\n"
    out = io.StringIO()
    console = Console(file=out, width=width, color_system=None)
    for grid in _lay_out(board):
        console.print(build_table(grid))
    for note in _list_notes(board):
        console.print(Text(note))
    return out.getvalue()


def build_dict(board: Board) -> dict[str, Any]:
    """Every number of a board with its interval; `json.dumps` takes it."""
    return {
        "benchmark": board.name,
        "headline": board.headline,
        "queries": board.queries,
        "first_stage": board.first_stage,
        "candidates": board.candidates,
        "seed": board.seed,
        "resamples": board.resamples,
        "confidence": CONFIDENCE,
        "interval": "percentile bootstrap over queries, paired for differences",
        "p": "paired sign-flip permutation test, two-sided, not corrected for the number of tests",
        "systems": {system.name: _describe(board, system) for system in board.systems},
        "ceiling": {metric: asdict(interval) for metric, interval in board.ceiling.means.items()},
        "pairs": [asdict(pair) for pair in board.pairs],
        "breakdowns": {trait: [asdict(part) for part in parts] for trait, parts in board.breakdowns.items()},
        "notes": list(board.notes),
    }


def _describe(board: Board, system: SystemResult) -> dict[str, Any]:
    return {
        "trained": system.trained,
        "metrics": {metric: asdict(interval) for metric, interval in system.means.items()},
        "answerability": None if system.answerability is None else asdict(system.answerability),
        "ms_per_query": system.ms_per_query,
        "tokens_per_query": board.tokens.get(system.name),
        **dict(board.extra.get(system.name, {})),
    }


def _write_csv(board: Board) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    bounds = [f"{metric}{end}" for metric in METRICS for end in ("", " low", " high")]
    writer.writerow(["benchmark", "system", "trained", "queries", *bounds, "AUROC", "ms/query", "tokens/query"])
    for system in (*board.systems, board.ceiling):
        numbers = [f"{value:.6f}" for metric in METRICS for value in asdict(system.means[metric]).values()]
        auroc = "" if system.answerability is None else f"{system.answerability.auroc.value:.6f}"
        speed = "" if system.ms_per_query is None else f"{system.ms_per_query:.3f}"
        tokens = f"{board.tokens[system.name]:.1f}" if system.name in board.tokens else ""
        writer.writerow(
            [board.name, _guard(system.name), system.trained, board.queries, *numbers, auroc, speed, tokens]
        )
    return out.getvalue()


def _guard(name: str) -> str:
    """A name that a spreadsheet would take for a formula is told apart by an apostrophe."""
    return f"'{name}" if name[:1] in "=+-@\t\r" else name


def _lay_out(board: Board) -> Iterator[Grid]:
    answers = any(system.answerability for system in board.systems)
    header = ["system", *METRICS, *(["answerable AUROC"] if answers else []), "ms/query", "tokens/query"]
    rows = [_lay_out_system(board, system, answers) for system in (*board.systems, board.ceiling)]
    yield Grid(f"{board.name}: {board.queries} queries", header, rows)
    if board.pairs:
        yield _lay_out_pairs(board)
    for trait, parts in board.breakdowns.items():
        if len(parts) > 1:
            yield _lay_out_trait(board, trait, parts[:MAX_VALUES])


def _lay_out_system(board: Board, system: SystemResult, answers: bool) -> list[Cell]:
    name = f"{system.name} (trained)" if system.trained else system.name
    auroc = None if system.answerability is None else system.answerability.auroc
    row: list[Cell] = [(name, ""), *(_show(system.means[metric]) for metric in METRICS)]
    row += [_show(auroc)] if answers else []
    row.append(NOTHING if system.ms_per_query is None else (f"{system.ms_per_query:.1f}", ""))
    tokens = board.tokens.get(system.name)
    return [*row, NOTHING if tokens is None else (f"{tokens:,.0f}", "")]


def _lay_out_pairs(board: Board) -> Grid:
    """A square: each row's system less each column's."""
    known: dict[tuple[str, str], Cell] = {}
    for pair in board.pairs:
        difference = pair.differences[board.headline]
        known[pair.first, pair.second] = _show_difference(difference, 1)
        known[pair.second, pair.first] = _show_difference(difference, -1)
    names = [system.name for system in board.systems]
    rows = [[(row, ""), *(known.get((row, column), NOTHING) for column in names)] for row in names]
    return Grid(f"{board.headline}: row less column", ["", *names], rows)


def _lay_out_trait(board: Board, trait: str, parts: tuple[Breakdown, ...]) -> Grid:
    header = [trait.replace("_", " "), "queries", *(system.name for system in board.systems)]
    rows = [
        [(part.evidence, ""), (str(part.queries), ""), *(_show(part.means[system.name]) for system in board.systems)]
        for part in parts
    ]
    return Grid(f"{board.headline} by {trait.replace('_', ' ')}", header, rows)


def _show(interval: Interval | None) -> Cell:
    return NOTHING if interval is None else (f"{interval.value:.3f}", f"[{interval.low:.3f}, {interval.high:.3f}]")


def _show_difference(difference: Difference, sign: int) -> Cell:
    value = sign * difference.interval.value + 0.0  # no negative zero
    ends = sorted((sign * difference.interval.low + 0.0, sign * difference.interval.high + 0.0))
    return f"{value:+.3f} p={difference.p:.4f}", f"[{ends[0]:+.3f}, {ends[1]:+.3f}]"


def _list_notes(board: Board) -> list[str]:
    recall = board.ceiling.means["recall"].value
    notes = [
        f"Every system reorders the same candidates: at most {board.candidates} a query, from {board.first_stage}; "
        f"they hold {recall:.1%} of a query's relevant pages on average, and 'ceiling' is their best order.",
        f"Brackets: 95 % bootstrap intervals over queries ({board.resamples} resamples, seed {board.seed}), paired "
        "for differences; p: paired permutation test, uncorrected.",
        "ms/query: the median, one query at a time; a page's first query pays for reading it. tokens/query: what the "
        "model reads for a query and all its candidates.",
    ]
    for name, extra in board.extra.items():
        if "mteb" in extra:
            notes.append(f"mteb's own main score of {name}: {extra['mteb']}")
    return [*notes, *board.notes]
