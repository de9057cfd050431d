"""Pages of a large run: read by id when they are asked for, a bounded number of them in memory."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cachetools import LRUCache

from docrerank.recipe import load_recipe
from docrerank.records import Page
from docrerank.reranker import Reranker
from docrerank.retrieval import ENCODINGS, LargePages, PageStore, large_pages, open_index
from docrerank.runs import Run

Read = list[str]


@pytest.fixture
def run(tmp_path: Path, topic_pages: list[Page]) -> Run:
    """Three documents of five pages."""
    run = Run.create(tmp_path / "run", load_recipe("cpu"))
    for name in ("a", "b", "c/d"):
        own = [replace(page, id=f"{name}/{page.number}", document=name) for page in topic_pages]
        run.pages.write(name, own, "1")
    return run


@pytest.fixture
def read(run: Run, monkeypatch: pytest.MonkeyPatch) -> Read:
    """The documents that are read, each time."""
    plain, names = run.pages.read, []

    def note(*parts: str) -> Iterator[Page]:
        names.extend(parts)
        return plain(*parts)

    monkeypatch.setattr(run.pages, "read", note)
    return names


@pytest.fixture
def pages(run: Run, untrained: Reranker, read: Read) -> LargePages:
    scorer: Any = untrained.scorer
    opened = open_index(run, PageStore(run.path / ENCODINGS, scorer))[1]
    read.clear()
    return opened


def test_every_page_is_read_by_its_id_as_it_was_written(run: Run, pages: LargePages) -> None:
    for page in list(run.pages.read("a", "b", "c/d")):
        found = pages.get(page.id)
        assert found == page
        assert found.boxes.tolist() == page.boxes.tolist()
        assert page.id in pages
    assert pages.documents() == {"a": 5, "b": 5, "c/d": 5}


def test_pages_asked_for_together_cost_one_reading_a_document_and_none_the_next_time(
    pages: LargePages, read: Read
) -> None:
    wanted = ["a/1", "c/d/2", "a/5", "a/1"]
    assert list(pages.read(wanted)) == ["a/1", "a/5", "c/d/2"]
    assert read == ["a", "c/d"]
    assert pages.read(wanted).keys() == {"a/1", "a/5", "c/d/2"}
    assert len(read) == 2


def test_an_unknown_id_reads_nothing(pages: LargePages, read: Read) -> None:
    for page_id in ("a/6", "a/x", "a", "", "../a/1", "A/1", "c/1", f"a/{'1' * 5_000}"):
        assert page_id not in pages
        assert pages.get(page_id) is None
    assert read == []


def test_whatever_is_asked_for_what_stays_in_memory_is_bounded(
    pages: LargePages, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = pages.get("a/1")
    assert one is not None
    size = len(one.text) + one.boxes.nbytes
    monkeypatch.setattr(pages, "_kept", LRUCache(3.5 * size, large_pages._size))
    every = [f"{name}/{number}" for name in pages.documents() for number in range(1, 6)]
    for page_id in [*every, *reversed(every)]:
        assert pages.get(page_id) is not None
        assert len(pages._kept) <= 5  # the last page of a document has no word, and so no size
        assert sum(len(page.text) + page.boxes.nbytes for page in pages._kept.values()) <= 3.5 * size
    assert len(pages.read(every)) == 15
    assert pages._kept.currsize <= 3.5 * size
    assert len(read) > 15  # the control: what was let go of is read again


def test_a_document_that_changed_since_is_not_found_any_more(
    run: Run, pages: LargePages, topic_pages: Any, untrained: Reranker
) -> None:
    scorer: Any = untrained.scorer
    run.pages.write("a", [replace(page, id=f"a/{page.number}", document="a") for page in topic_pages[:4]], "2")
    run.pages.keep_only(["a", "b"])
    assert pages.read(["a/1", "b/1", "c/d/1"]).keys() == {"b/1"}
    encoded = scorer.encode_queries(["water"])[0]
    assert {page.document for page in pages.find("water", encoded, 15).pages} == {"b"}


def test_an_index_over_changed_pages_takes_the_place_of_the_old_one(run: Run, untrained: Reranker) -> None:
    scorer: Any = untrained.scorer
    store = PageStore(run.path / ENCODINGS, scorer)
    assert [open_index(run, store)[0] for _ in range(2)] == [15, 0]
    page = next(run.pages.read("a"))
    run.pages.write("new", [replace(page, id="new/1", document="new", number=1)], "1")
    run.pages.keep_only(["new", "b"])
    encoded, pages = open_index(run, store)
    assert (encoded, pages.documents()) == (1, {"b": 5, "new": 1})
    assert "a/1" not in pages
    assert len(list((run.path / "index" / scorer.fingerprint).iterdir())) == 1


def test_threads_share_pages(pages: LargePages, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "_kept", LRUCache(5_000, large_pages._size))
    every = [f"{name}/{number}" for name in pages.documents() for number in range(1, 6)] * 8
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(pages.get, every))
    assert [page.id for page in found if page] == every
    assert pages._kept.currsize == sum(len(page.text) + page.boxes.nbytes for page in pages._kept.values())
