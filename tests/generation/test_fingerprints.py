"""What a document's queries depend on, and what an imported set leaves to do."""

from __future__ import annotations

from pathlib import Path

import pytest
from scripted import make_pages, make_run

from docrerank.generation.fingerprints import (
    find_bare,
    given_queries,
    is_complete,
    made_from,
    unfinished,
    written_from,
    written_queries,
)
from docrerank.records import Query
from docrerank.runs import Run

URL, NAME = "http://127.0.0.1:9/v1", "volume-000"
POSITIVE = Query(f"{NAME}/1#0", f"{NAME}/1", "How many litres?", "positive", "question")
NEGATIVE = Query(f"{NAME}/1#1", f"{NAME}/1", "How many towns?", "hard_negative", "question", POSITIVE.id)


def under(run: Run, *overrides: str) -> Run:
    """The same pages under other settings."""
    return make_run(run.path, URL, 2, 3, *overrides)


@pytest.mark.parametrize(
    "override",
    [
        "generate.judge.base_url=http://127.0.0.1:10/v1",
        "generate.judge.price_input=3",
        "generate.judge.timeout=5",
        "generate.judge.max_concurrency=2",
        "generate.judge.api_key_env=SOME_KEY",
        "train.groups=7",
    ],
)
def test_where_and_how_patiently_a_model_is_asked_changes_nothing(override: str, tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", URL, 2, 3)
    before = written_from(run, NAME)
    assert written_from(under(run, override), NAME) == before


@pytest.mark.parametrize(
    "override",
    [
        "generate.judge.model=other",
        "generate.judge.sampling.temperature=0.5",
        "generate.negative_candidates=6",
        "generate.taxonomy=finance",
        "generate.title_strip=true",
        "seed=14",
    ],
)
def test_what_shapes_the_answers_makes_them_be_written_again(override: str, tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", URL, 2, 3)
    before = written_from(run, NAME)
    assert written_from(under(run, override), NAME) != before


def test_another_document_changes_what_was_written_only_over_the_corpus(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", URL, 2, 3)
    for name in run.pages.names():
        written_queries(run).write(name, [], written_from(run, name))
    own, gated = written_from(run, NAME), made_from(run)[NAME]
    run.pages.write("volume-001", make_pages(2, 4)["volume-001"], "changed")
    assert unfinished(run) == ["volume-001"]
    written_queries(run).write("volume-001", [], written_from(run, "volume-001"))
    assert written_from(run, NAME) == own
    assert made_from(run)[NAME] != gated


def test_bare_positives_are_those_without_hard_negatives() -> None:
    rephrased = Query(f"{NAME}/1#2", f"{NAME}/1", "What number?", "rephrased", "question", POSITIVE.id)
    assert find_bare([POSITIVE, rephrased]) == [POSITIVE]
    assert find_bare([POSITIVE, NEGATIVE, rephrased]) == []


def test_a_complete_document_has_nothing_to_do(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", URL, 2, 3, roles=())
    given_queries(run).write(NAME, [POSITIVE, NEGATIVE], "given")
    assert is_complete(run, NAME)
    assert not is_complete(run, "volume-001")
    assert unfinished(run) == ["volume-001"]
