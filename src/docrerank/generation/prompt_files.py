"""Prompts as versioned files: each begins with its version, and every row made by it carries the prompt's id."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from importlib.resources import files

from docrerank.records import PROPERTIES


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt's text and its id, `<file>/<version>`.

    Example:
        >>> load_prompt("judge-stated").id
        'judge-stated/1'
    """

    id: str
    text: str

    def fill(self, **values: str) -> str:
        """The text with `{name}` replaced; what is put in is never read as a template again."""
        pieces = [self.text]
        for name, value in values.items():
            pieces = [part for piece in pieces for part in _cut(piece, f"{{{name}}}", value)]
        return "".join(str(piece) for piece in pieces)


class _Filled(str):
    """Text that was put in, in which nothing is replaced."""


@functools.cache
def load_prompt(name: str) -> Prompt:
    """Read a prompt by its file's name."""
    head, _, text = (files("docrerank.generation") / "prompts" / f"{name}.txt").read_text("utf-8").partition("\n")
    return Prompt(f"{name}/{head.removeprefix('version ').strip()}", text.strip())


@functools.cache
def load_examples() -> dict[str, list[tuple[str, str]]]:
    """The few-shot examples: property to (question, question with that property changed)."""
    found: dict[str, list[tuple[str, str]]] = {name: [] for name in (*PROPERTIES, "subject")}
    for line in load_prompt("examples-few-shot").text.splitlines():
        name, question, other = (part.strip() for part in line.split("|"))
        found[name].append((question, other))
    return found


def _cut(piece: str, mark: str, value: str) -> list[str]:
    if isinstance(piece, _Filled):
        return [piece]
    parts: list[str] = []
    for at, part in enumerate(piece.split(mark)):
        parts += [_Filled(value), part] if at else [part]
    return parts
