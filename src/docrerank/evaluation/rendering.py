"""Grids of numbers with their intervals: as text for a terminal, and as Markdown."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

#: A value, and how sure it is: under it in text, beside it in Markdown.
Cell = tuple[str, str]

NOTHING: Cell = ("-", "")
#: Characters of a system's name that are kept on one line.
MAX_NAME = 40
#: Characters of a text's lines at most.
WIDTH = 170


@dataclass(frozen=True, slots=True)
class Grid:
    """One table before it has a form: its title, its column names and its rows, the first column being names."""

    title: str
    header: list[str]
    rows: list[list[Cell]]


def write_text_grids(grids: Sequence[Grid], notes: Sequence[str] = ()) -> str:
    """Plain text for a terminal, in lines of `WIDTH` characters at most, without control characters.

    Example:
        >>> "BM25" in write_text_grids([Grid("all", ["system", "R@1"], [[("BM25", ""), ("0.5", "[0.4, 0.6]")]])])
        True
    """
    out = io.StringIO()
    console = Console(file=out, width=WIDTH, color_system=None)
    for grid in grids:
        console.print(_build_table(grid))
    for note in notes:
        console.print(Text(_clean(note)))
    return out.getvalue()


def write_markdown(grids: Sequence[Grid], notes: Sequence[str] = ()) -> str:
    """Markdown tables under their titles, and a list of notes; names are escaped.

    Example:
        >>> print(write_markdown([Grid("all", ["system", "R@1"], [[("<b>", ""), ("0.5", "[0.4, 0.6]")]])]), end="")
        **all**
        <BLANKLINE>
        | system | R@1 |
        | --- | ---: |
        | &lt;b&gt; | 0.5 [0.4, 0.6] |
    """
    parts = [_write_markdown_grid(grid) for grid in grids]
    parts += ["\n".join(f"- {_escape(note)}" for note in notes)] if notes else []
    return "\n\n".join(parts) + "\n"


def _build_table(grid: Grid) -> Table:
    """Names go in as `Text`, so that brackets in them are not read as markup."""
    table = Table(title=Text(_clean(grid.title)), title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    longest = max((len(row[0][0]) for row in grid.rows), default=0)
    table.add_column(Text(_clean(grid.header[0])), min_width=min(longest, MAX_NAME))
    for name in grid.header[1:]:
        broken = _clean(name).replace(" - ", " -\n").replace("answerable ", "answerable\n")
        table.add_column(Text(broken), justify="right", no_wrap=True)
    for row in grid.rows:
        table.add_row(*(Text(_stack(value, sureness)) for value, sureness in row))
    return table


def _stack(value: str, sureness: str) -> str:
    """A cell of narrow lines: the value, its p-value if it has one, and its interval without what can be spared."""
    lines = _clean(value).replace(" p=", "\np=")
    return f"{lines}\n{sureness.replace('0.', '.').replace(', ', ' ')}" if sureness else lines


def _write_markdown_grid(grid: Grid) -> str:
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
