"""The first stage on disk finds what the one in memory finds, whatever came and went before."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from docrerank.records import Page, UserError
from docrerank.retrieval import Encoding, FirstStage, LargeFirstStage, Vectors, large_stage

pytest.importorskip("bm25s")
WORDS = np.array("sales net debt board boats harbour rising met fleet freight cargo crew".split())
SIZE = 16
#: Scores closer than this may change places.
TOLERANCE = 1e-4
UNKNOWN = "a/0 a/9 a/01 a/+1 a/-1 a/1.0 a/1_0 a/\u0661 a/ a /1 b/1 a/a/1 ../a/1 gone/1".split()
UNKNOWN += ["", "a/1 ", "a/1\0", "\ud800/1", f"a/{'9' * 5_000}", f"{'x/' * 5_000}1"]


def read(name: str, version: str = "1") -> tuple[list[Page], list[Vectors]]:
    """A document drawn by its name."""
    rng = np.random.default_rng([*name.encode(), int(version)])
    pages, windows = [], []
    for number in range(1, 9):
        text = " ".join(rng.choice(WORDS, rng.integers(0, 30)))
        pages.append(Page(f"{name}/{number}", name, number, "", "", 1, 1, text, "layer", np.zeros((0, 4), np.float32)))
        own = rng.standard_normal((len(text) // 60, SIZE))
        windows.append((own / np.linalg.norm(own, axis=1, keepdims=True)).astype(np.float16))
    return pages, windows


def ask(seed: int) -> tuple[str, Encoding]:
    rng = np.random.default_rng(seed)
    window = rng.standard_normal((1, SIZE)).astype(np.float32)
    return " ".join(rng.choice(WORDS, 3)), Encoding(window, window / np.linalg.norm(window))


def compare(stage: LargeFirstStage, names: list[str], count: int = 10) -> float:
    """The share of a plain first stage's best pages that are found; scores of found ones must be its own."""
    read_all = [read(name) for name in names]
    pages = [page for own, _ in read_all for page in own]
    plain = FirstStage(pages, [window for _, own in read_all for window in own])
    found = 0
    for seed in range(20):
        query, encoded = ask(seed)
        all_found = plain.find(query, encoded, len(pages))
        scores = dict(zip((page.id for page in all_found.pages), all_found.scores.tolist(), strict=True))
        hits = stage.search(query, encoded, count)
        assert len(hits) == count
        worst = sorted(scores.values())[-count]
        found += sum(scores[page] >= worst - TOLERANCE for page, _ in hits)
        if stage._vectors is None:
            assert [score for _, score in hits] == pytest.approx([scores[page] for page, _ in hits], abs=TOLERANCE)
    return found / (20 * count)


def names(first: int, last: int) -> dict[str, str]:
    return {f"d{number}": "1" for number in range(first, last)}


def test_it_equals_the_stage_in_memory_after_documents_came_went_and_changed(tmp_path: Path) -> None:
    stage = LargeFirstStage(tmp_path / "index", SIZE)
    stage.update(names(0, 30), lambda name: read(name, "2" if name == "d7" else "1"))
    asked: list[str] = []

    def remember(name: str) -> tuple[list[Page], list[Vectors]]:
        asked.append(name)
        return read(name)

    with pytest.raises(AssertionError, match="approx"):  # the control: one document is another
        compare(stage, list(names(0, 30)))
    wanted = names(4, 40) | {"d7": "changed"}
    assert stage.update(wanted, remember) == (11, 5)
    assert sorted(asked) == sorted(["d7", *names(30, 40)])  # nothing else is indexed again
    assert stage.update(wanted, remember) == (0, 0)
    for again in (stage, LargeFirstStage(tmp_path / "index", SIZE)):
        assert compare(again, list(wanted)) == 1


def test_one_document_is_searched_as_it_is_in_memory(tmp_path: Path) -> None:
    stage = LargeFirstStage(tmp_path / "index", SIZE)
    stage.update(names(0, 10), read)
    pages, windows = read("d3")
    query, encoded = ask(1)
    hits = stage.search(query, encoded, 99, "d3")
    best = FirstStage(pages, windows).best_windows([encoded])[0]
    assert sorted(page for page, _ in hits) == sorted(page.id for page in pages)
    without_words = LargeFirstStage(tmp_path / "other", SIZE)
    without_words.update({"d3": "1"}, read)
    again = without_words.search("zyzzyva", encoded, 99)
    assert [page for page, _ in again] == [pages[row].id for row in np.argsort(-best, kind="stable")]
    assert stage.search(query, encoded, 5, "nowhere") == []


def test_an_index_of_many_small_changes_or_of_little_that_counts_is_made_anew(tmp_path: Path) -> None:
    stage = LargeFirstStage(tmp_path / "index", SIZE)
    for last in range(1, large_stage.MAX_SEGMENTS + 2):
        stage.update(names(0, last), read)
    assert len(stage._state["segments"]) == 1
    stage.update(names(0, 4), read)
    stage.update(names(0, 3), read)
    assert len(stage._alive) == 4 * 8
    assert compare(stage, list(names(0, 3))) == 1
    assert {path.name for path in (tmp_path / "index").iterdir()} == {*stage._state["segments"], "index.json"}


def test_faiss_finds_nearly_all_that_comparing_all_finds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("faiss")
    monkeypatch.setattr(large_stage, "APPROXIMATE_FROM", 500)
    stage = LargeFirstStage(tmp_path / "index", SIZE)
    stage.update(names(0, 50), read)
    stage.update(names(10, 120), read)
    assert stage._vectors is not None
    count = sum(len(own) for name in names(10, 120) for own in read(name)[1])
    assert stage._vectors.ntotal == count  # windows of documents that left are gone
    again = LargeFirstStage(tmp_path / "index", SIZE)
    assert compare(again, list(names(10, 120))) > 0.9
    monkeypatch.setattr(large_stage, "CANDIDATES", 2)
    assert len(again.search(*ask(0), 10)) < 10  # the control: it is the candidates that are ranked


def test_a_killed_update_leaves_what_was_there(tmp_path: Path) -> None:
    stage = LargeFirstStage(tmp_path / "index", SIZE)
    stage.update(names(0, 10), read)

    def fail(name: str) -> tuple[list[Page], list[Vectors]]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stage.update(names(0, 11), fail)
    again = LargeFirstStage(tmp_path / "index", SIZE)
    assert compare(again, list(names(0, 10))) == 1
    assert again.update(names(0, 11), read) == (1, 0)
    assert compare(again, list(names(0, 11))) == 1


def test_a_damaged_index_is_told(tmp_path: Path) -> None:
    stage = LargeFirstStage(tmp_path / "index", SIZE)
    stage.update(names(0, 2), read)
    (tmp_path / "index" / "1" / "windows").write_bytes(b"")
    with pytest.raises(UserError, match="is damaged: delete the folder"):
        LargeFirstStage(tmp_path / "index", SIZE)


@pytest.mark.parametrize("page_id", UNKNOWN)
def test_only_the_ids_of_pages_that_count_have_a_row(tmp_path: Path, page_id: str) -> None:
    stage = LargeFirstStage(tmp_path / "index", SIZE)
    stage.update({"gone": "1", "a": "1", "kept": "1"}, read)
    stage.update({"a": "1", "kept": "1"}, read)
    assert stage.name(stage.find_row("a/8")) == "a/8"
    with pytest.raises(KeyError):
        stage.find_row(page_id)
    assert stage.documents() == {"a": 8, "kept": 8}
    assert (stage.made_from("a"), stage.made_from("gone")) == ("1", None)
