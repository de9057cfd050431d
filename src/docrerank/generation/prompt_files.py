"""Prompts as versioned files: each begins with its version, and every row made by it carries the prompt's id."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt's text and its id, `<file>/<version>`.

    Examples:
        >>> load_prompt("judge-stated").id
        'judge-stated/2'
    """

    id: str
    text: str

    def fill(self, **values: str) -> str:
        """The text with `{name}` replaced; what is put in is never read as a template again."""
        return re.sub(r"\{(\w+)\}", lambda found: values.get(found[1], found[0]), self.text)


@functools.cache
def load_prompt(name: str) -> Prompt:
    """Read a prompt by its file's name."""
    head, _, text = (files("docrerank.generation") / "prompts" / f"{name}.txt").read_text("utf-8").partition("\n")
    return Prompt(f"{name}/{head.removeprefix('version ').strip()}", text.strip())
