"""Reads people's questions with their passages, and says which of them only measure."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from docrerank.records import UserError

#: Sources that only steer: tables of airlines' annual reports, parts of scientific articles, passages of Wikipedia.
#: They are close to what the product reads, small, and of three kinds.
HELD_OUT = ("ait-qa", "covid-qa", "clapnq")
#: Of every other source this many contexts, drawn by hash, are not trained on either.
HELD_OUT_CONTEXTS = 100
#: Sources whose passages begin with the title of their article: it is what a page's heading is to a window.
TITLED = ("squad2", "policyqa", "natural-questions", "clapnq", "fetaqa")


@dataclass(slots=True)
class Context:
    """A passage or table with what was asked of it.

    Attributes:
        id: of the passage; of the first one where several have the same text.
        source: `policyqa-dev` and `policyqa-test` are one source.
        text: lines ending with a newline.
        questions: that it answers, with the words of the answer.
        unanswerable: questions that look as if it answered them.
    """

    id: str
    source: str
    text: str
    questions: list[tuple[str, str]] = field(default_factory=list)
    unanswerable: list[str] = field(default_factory=list)

    @property
    def title(self) -> str:
        """The first line, where the source begins its passages with one."""
        return self.text.partition("\n")[0] if self.source in TITLED else ""


@dataclass(frozen=True, slots=True)
class Questions:
    """Contexts by source, in the order of the file.

    Attributes:
        train: to learn from.
        kept: of the same sources, not learned from.
        held_out: of the sources that are held out whole.
    """

    train: dict[str, list[Context]]
    kept: dict[str, list[Context]]
    held_out: dict[str, list[Context]]


def read_questions(folder: Path) -> Questions:
    """Read and split a folder of `passages.jsonl.gz` and `questions.jsonl.gz`.

    Raises:
        UserError: a file is missing or broken.
    """
    contexts = _read_contexts(folder)
    by_source: dict[str, list[Context]] = defaultdict(list)
    for context in contexts:
        if context.questions or context.unanswerable:
            by_source[context.source].append(context)
    train, kept = {}, {}
    for source, own in by_source.items():
        if source not in HELD_OUT:
            drawn = {context.id for context in sorted(own, key=lambda own: _hash(own.id))[:HELD_OUT_CONTEXTS]}
            train[source] = [context for context in own if context.id not in drawn and context.questions]
            kept[source] = [context for context in own if context.id in drawn]
    return Questions(train, kept, {source: by_source[source] for source in HELD_OUT if source in by_source})


def _read_contexts(folder: Path) -> list[Context]:
    places: dict[str, Context] = {}
    texts: dict[tuple[str, str], Context] = {}
    for row in _read_rows(folder / "passages.jsonl.gz", ("id", "source", "text")):
        source = "policyqa" if row["source"].startswith("policyqa") else row["source"]
        context = Context(row["id"], source, row["text"])
        places[row["id"]] = texts.setdefault((source, row["text"]), context)
    for row in _read_rows(folder / "questions.jsonl.gz", ("passage", "text", "answerable")):
        if row["passage"] not in places:
            raise UserError(f"{folder}: a question names the passage '{row['passage']}', which is not there")
        context = places[row["passage"]]
        if row["answerable"]:
            context.questions.append((row["text"], str(row.get("answer") or "")))
        else:
            context.unanswerable.append(row["text"])
    return list(texts.values())


def _read_rows(file: Path, fields: Sequence[str]) -> Iterator[dict[str, Any]]:
    try:
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                row = json.loads(line)
                missing = [name for name in fields if name not in row]
                if missing:
                    raise UserError(f"{file}, line {number}: no '{missing[0]}'; get the human questions again")
                yield row
    except (OSError, EOFError, ValueError, TypeError) as error:
        raise UserError(f"{file} cannot be read ({error}); get the human questions again") from error


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
