from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from docrerank.cli.app import app
from docrerank.recipe import load_recipe
from docrerank.records import Rejected
from docrerank.runs import Run

ROWS = [
    Rejected("generate", "How much was it?", "asks too little", "744", "a/1"),
    Rejected("generate", "How much was [it] then?", "asks too little", "", "a/2"),
    Rejected("generate", "a/3", "nothing to ask", "", "a/3"),
]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    made = Run.create(tmp_path / "RUN", load_recipe("cpu"))
    made.rejected("generate").write("a", ROWS, "f00d")
    made.rejected("ingest").write("b", [Rejected("ingest", "/home/someone/b.pdf", "encrypted", "a password")], "f00d")
    return made.path


def ask(*words: object) -> Result:
    return CliRunner().invoke(app, ["rejected", *map(str, words)], catch_exceptions=False)


def test_reasons_are_counted_with_an_example_in_the_order_of_a_run(run: Path) -> None:
    done = ask(run)
    lines = done.stdout.splitlines()
    assert [" ".join(line.split()) for line in lines] == [
        "1 ingest: encrypted",
        "b.pdf: a password",
        "2 generate: asks too little",
        "How much was it? (a/1): 744",
        "1 generate: nothing to ask",
        "a/3",
    ]


def test_every_case_of_a_reason_is_listed(run: Path) -> None:
    assert ask(run, "--reason", "too little").stdout.splitlines() == [
        "How much was it? (a/1): 744",
        "How much was [it] then? (a/2)",
    ]


def test_json_prints_a_line_for_each_case(run: Path) -> None:
    rows = [Rejected(**json.loads(line)) for line in ask(run, "--json").stdout.splitlines()]
    assert rows[1:] == ROWS
    assert [row.subject for row in rows[:1]] == ["/home/someone/b.pdf"]
