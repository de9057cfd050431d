"""What is learned from and what only measures, and a folder that cannot be read."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.start import questions
from benchmarks.start.questions import read_questions
from docrerank.records import UserError


def write(folder: Path, passages: Iterable[Any], asked: Iterable[Any]) -> Path:
    for name, rows in (("passages", passages), ("questions", asked)):
        with gzip.open(folder / f"{name}.jsonl.gz", "wt") as file:
            file.writelines(json.dumps(row) + "\n" for row in rows)
    return folder


def passage(name: str, source: str, text: str = "") -> dict[str, str]:
    return {"id": name, "source": source, "kind": "passage", "text": text or f"Title\nabout {name}"}


def question(name: str, answerable: bool = True) -> dict[str, Any]:
    return {
        "passage": name,
        "text": f"what of {name}?",
        "answerable": answerable,
        "answer": name if answerable else "",
    }


def test_held_out_sources_and_kept_contexts_are_not_learned_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(questions, "HELD_OUT_CONTEXTS", 3)
    names = [f"s{index}" for index in range(10)]
    rows = [passage(name, "squad2") for name in names] + [passage("a", "ait-qa")]
    found = read_questions(write(tmp_path, rows, [question(name) for name in [*names, "a"]]))
    assert set(found.held_out) == {"ait-qa"}
    learned, kept = ({own.id for own in part["squad2"]} for part in (found.train, found.kept))
    assert len(kept) == 3
    assert learned | kept == set(names)
    assert not learned & kept


def test_equal_texts_are_one_context_with_all_their_questions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(questions, "HELD_OUT_CONTEXTS", 0)
    rows = [passage("a", "policyqa-dev", "same"), passage("b", "policyqa-test", "same")]
    asked = [question("a"), question("b"), question("b", answerable=False)]
    context = read_questions(write(tmp_path, rows, asked)).train["policyqa"][0]
    assert [text for text, _ in context.questions] == ["what of a?", "what of b?"]
    assert context.unanswerable == ["what of b?"]


def test_an_unreadable_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"passages\.jsonl\.gz cannot be read"):
        read_questions(tmp_path)
    (tmp_path / "passages.jsonl.gz").write_bytes(b"no gzip")
    with pytest.raises(UserError, match="cannot be read"):
        read_questions(tmp_path)


def test_a_broken_row_is_told_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="line 2: no 'text'"):
        read_questions(write(tmp_path, [passage("a", "squad2"), {"id": "b", "source": "squad2"}], []))
    with pytest.raises(UserError, match="names the passage 'z', which is not there"):
        read_questions(write(tmp_path, [passage("a", "squad2")], [question("z")]))
